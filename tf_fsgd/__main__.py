"""`python -m tf_fsgd VERB`: what is called `tf-fsgd` where the package is installed."""

import sys

from tf_fsgd.cli import main

if __name__ == "__main__":
    sys.exit(main())
