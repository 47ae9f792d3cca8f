"""What lies on disk: whole files or none, archives of arrays, and who works where."""
