"""The teacher: Keras networks, and readers of foreign checkpoints."""
