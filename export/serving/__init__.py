"""The files of TensorFlow Serving, and a client: `python -m export.serving.client`."""
