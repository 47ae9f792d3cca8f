"""An exported translator behind TensorFlow Serving: the server's files and a client."""
