"""``python -m gungnir.local``: the same commands as ``gungnir local``."""

from gungnir.local.cli import app

if __name__ == "__main__":
    app(prog_name="gungnir local")
