"""How directions are found in W, and how pure they are."""
