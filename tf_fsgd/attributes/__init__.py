"""What is in a face: a small classifier for CelebA's 40 attributes, weights shipped."""
