"""TensorFlow and Keras as the project needs them: settings, precision, chatter."""

import os

USERS_BACKEND = os.environ.get("KERAS_BACKEND")
"""What the user has chosen for Keras, perhaps for other work; see `keras_settings`."""

# Keras reads it when it is first imported, and the networks are written for this one.
os.environ["KERAS_BACKEND"] = "tensorflow"
# TensorFlow reads it when it first looks for GPUs, and would take all their memory.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
