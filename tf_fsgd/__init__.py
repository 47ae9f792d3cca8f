"""Feed-forward StyleGAN2 distillation in TensorFlow and Keras (arXiv 2003.03581)."""

import os

__version__ = "0.1.0"

USERS_BACKEND = os.environ.get("KERAS_BACKEND")
"""What the user has chosen for Keras, perhaps for other work; see `keras_settings`."""

# Keras reads it when it is first imported, and the networks are written for this one.
os.environ["KERAS_BACKEND"] = "tensorflow"
