"""Guards without which a module does the same: by module and by the guard's name, the reason why.

None is known. Where one turns up, the code is to be made so that it is not there: what a phase always has is a property
that raises (``Record.under_way``, ``Record.acting``, ``Intent.chosen``), and how commands are always answered is asked
in one place (``kernel.answers_to``).
"""

from typing import Final

NEEDLESS: Final[dict[str, dict[str, str]]] = {}
