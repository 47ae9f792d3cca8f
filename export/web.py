"""`python -m export.web RUN --out site/`: a page that runs a translator."""

import sys

from tf_fsgd.cli import main

if __name__ == "__main__":
    sys.exit(main(["web", *sys.argv[1:]]))
