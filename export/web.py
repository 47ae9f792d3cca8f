"""`python -m export.web RUN --out site/`: a page that runs a translator."""

import sys

from tf_fsgd.cli.web import main

if __name__ == "__main__":
    sys.exit(main())
