"""`python -m export.gate FILE ...`: whether phones and browsers will run files."""

import sys

from tf_fsgd.cli import main

if __name__ == "__main__":
    sys.exit(main(["gate", *sys.argv[1:]]))
