"""The files of TensorFlow Serving, and a client: `tf-fsgd ask`."""
