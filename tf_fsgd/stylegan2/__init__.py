"""The teacher: Keras networks, and readers of foreign checkpoints."""

from tf_fsgd.backend import keras_settings  # noqa: F401  settles them
