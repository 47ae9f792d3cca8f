"""Networks whose features a loss or a distance reads: VGG19, LPIPS."""

from tf_fsgd.backend import keras_settings  # noqa: F401  settles them
