"""Guards without which a module does the same: by module and by the guard's name, the reason why."""

from typing import Final

NEEDLESS: Final[dict[str, dict[str, str]]] = {}
