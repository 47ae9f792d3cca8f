"""`python -m export.serving.client PHOTO --edit smile --out OUT.png`: ask a server."""

import sys

from tf_fsgd.cli.serving_client import main

if __name__ == "__main__":
    sys.exit(main())
