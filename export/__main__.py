"""`python -m export RUN --out DIR`: SavedModel and TFLite of a translator."""

import sys

from tf_fsgd.cli import main

if __name__ == "__main__":
    sys.exit(main(["export", *sys.argv[1:]]))
