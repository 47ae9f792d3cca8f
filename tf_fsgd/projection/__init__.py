"""The latent of a photo, by optimisation."""
