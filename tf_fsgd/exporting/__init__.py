"""Takes a finished translator to where it runs: TensorFlow Serving and TFLite.

The package imports nothing slow by itself, so that `tf-fsgd export --help` answers at
once; `bundle.export_translator` is the function behind the command.
"""
