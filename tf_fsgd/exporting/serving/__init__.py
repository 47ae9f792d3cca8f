"""An exported translator behind TensorFlow Serving: a client."""
