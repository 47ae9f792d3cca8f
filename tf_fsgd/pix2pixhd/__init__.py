"""pix2pixHD: the translator, its discriminators and every loss (arXiv 1711.11585)."""
