"""TensorFlow and Keras as the project needs them: settings, precision, chatter."""

import ctypes
import os
import platform

USERS_BACKEND = os.environ.get("KERAS_BACKEND")
"""What the user has chosen for Keras, perhaps for other work; see `keras_settings`."""

# Keras reads it when it is first imported, and the networks are written for this one.
os.environ["KERAS_BACKEND"] = "tensorflow"
# TensorFlow reads it when it first looks for GPUs, and would take all their memory.
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")

_ARENA_MAX = -8  # M_ARENA_MAX of malloc.h

if os.environ.get("TF_CONFIG") and platform.libc_ver()[0] == "glibc":
    # A worker of several computes in a thread of TensorFlow's. glibc gives each thread
    # a heap of its own, whose ends go back to the kernel and come again as pages of
    # zeros: a sixth of a training step. The main thread's heap keeps them. It has to be
    # said before the first thread asks for memory.
    ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
