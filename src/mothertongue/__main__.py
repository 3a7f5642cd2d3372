"""``python -m mothertongue``: the same command line as ``mothertongue``."""

import sys

from mothertongue.cli import main

if __name__ == "__main__":
    sys.exit(main())
