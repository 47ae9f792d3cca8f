"""`python -m export.serving.client PHOTO --edit smile --out OUT.png`: ask a server."""

import sys

from tf_fsgd.cli import main

if __name__ == "__main__":
    sys.exit(main(["ask", *sys.argv[1:]]))
