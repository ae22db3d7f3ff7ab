"""`python -m rejoin …` is `oracle …`."""

import sys

from .oracle import run

if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
