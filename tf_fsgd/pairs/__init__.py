"""A/B pairs: rendered by the teacher, filtered, stored as TFRecord, read by tf.data."""
