"""``python -m gungnir`` is ``gungnir``."""

import sys

from gungnir.cli import main

if __name__ == "__main__":
    sys.exit(main())
