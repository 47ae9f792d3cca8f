"""Feed-forward StyleGAN2 distillation in TensorFlow and Keras (arXiv 2003.03581)."""

__version__ = "0.1.0"
