"""``python -m spec.repl`` is ``gungnir repl``."""

import sys

from spec.repl.shell import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
