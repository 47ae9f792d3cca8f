"""pix2pixHD: the translator, its discriminators and every loss (arXiv 1711.11585)."""

from tf_fsgd.backend import keras_settings  # noqa: F401  settles them
