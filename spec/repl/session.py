"""A session: one walk, and the commands that move it. Usable in plain Python: ``Session()("take 1")``."""

import sys
from io import StringIO
from types import ModuleType
from typing import IO

from rich.console import Console, RenderableType
from rich.text import Text

from spec.repl.copies import catalogue_of
from spec.repl.game import Game, ReplError
from spec.repl.walk import Walk
from spec.repl.worlds.style import BAD

WIDTH = 120
SHOWN_STEPS = 40


def shorten(text: str, width: int) -> str:
    """Return the text in at most so many characters."""
    return text if len(text) <= width else text[: width - 4] + " ..."


class Session:
    """Where one is: the model, the mutant of the code, and the walk in it.

    Attributes:
        model: name of the model, or of the trace.
        mutant: name of the mutant that changed the code; empty for the code as it is.
        walk: the walk.
        failed: whether any command could not be carried out.
    """

    def __init__(self, model: str = "1", mutant: str = "", out: IO[str] | None = None, *, color: bool = False) -> None:
        """Begin a walk in a model, given by name, number or words.

        Raises:
            ReplError: there is no such model or mutant.
        """
        self._out = out
        self._color = color
        self.failed = False
        self.model, self.mutant = "", ""
        self.walk: Walk
        self.begin(*self.game_of(model, mutant))

    @property
    def worlds(self) -> ModuleType:
        """The catalogue of models, of the code that is being stepped through."""
        return catalogue_of(self.mutant)

    def game_of(self, model: str, mutant: str) -> tuple[Game, str, str]:
        """Return a model's game, its whole name, and the mutant.

        Raises:
            ReplError: there is no such model or mutant.
        """
        catalogue = catalogue_of(mutant)
        game: Game
        game, name = catalogue.game(model, mutant)
        return game, name, mutant

    def begin(self, game: Game, model: str, mutant: str) -> None:
        """Start a new walk in a game."""
        self.walk = Walk.begun(game)
        self.model, self.mutant = model, mutant

    def __call__(self, line: str) -> None:
        """Carry out one command; one that cannot be carried out is answered with the reason, and changes nothing."""
        self.answered(line)

    def answered(self, line: str) -> bool:
        """Carry out one command, as a call does, and return whether the session goes on."""
        try:
            return self.do(line)
        except ReplError as error:
            self.failed = True
            self.show(f"error: {error}")
            return True

    def do(self, line: str) -> bool:
        """Carry out one command and return whether the session goes on.

        Raises:
            ReplError: it cannot be carried out; nothing has changed.
        """
        from spec.repl.commands import carried_out  # noqa: PLC0415 - commands are functions of a session

        return carried_out(self, line)

    def go(self, walk: Walk) -> None:
        """Stand at the end of a longer walk, and show what led there: one step in full, more of them a line each."""
        began, self.walk = self.walk.at, walk
        if walk.at == began + 1:
            self._tell(began)
        else:
            if walk.at - began > SHOWN_STEPS:
                self.show(f"{walk.at - began} steps, of which the last {SHOWN_STEPS}:")
            for number in range(max(began, walk.at - SHOWN_STEPS), walk.at):
                self.show(shorten(f"{number + 1:3}. {walk.steps[number].line}", WIDTH))
        self.arrive()

    def stand(self, walk: Walk) -> None:
        """Stand elsewhere in the same walk, and show the last step that led there."""
        self.walk = walk
        if walk.at:
            self._tell(walk.at - 1)
        else:
            self.show("at the start")
        self.arrive()

    def introduce(self) -> None:
        """Say which model this is, and how it begins."""
        self.show(f"{self.walk.game.title}:", *(f"    {line}" for line in self.walk.game.described(self.walk.first)))
        self.arrive()

    def arrive(self) -> None:
        """Say where the rounds stand, and what does not hold."""
        for place in self.walk.game.places(self.walk.state):
            self.show(f"    {place.who}: {place.machine} is in {place.phase}, waiting for {place.waits}")
        breaks = self.walk.breaks()
        for broken in self.walk.broken:
            number = breaks[broken.name][0]
            self.show(Text(f"    BROKEN {broken.name}: {broken.text} (by step {number})", style=BAD))

    def _tell(self, number: int) -> None:
        step = self.walk.steps[number]
        before = self.walk.steps[number - 1].after if number else self.walk.first
        self.show(Text(f"{number + 1:3}. {step.line}", style="bold"))
        self.show(*(f"       {line.strip()}" for line in self.walk.game.changes(before, step.after)))

    def show(self, *what: RenderableType) -> None:
        """Print, without the blanks that tables are padded with."""
        console = Console(
            width=WIDTH,
            force_terminal=self._color,
            color_system="standard" if self._color else None,
            highlight=False,
            markup=False,
            emoji=False,
            file=StringIO(),
        )
        with console.capture() as captured:
            for renderable in what:
                console.print(renderable, soft_wrap=isinstance(renderable, (str, Text)))
        lines = (line.rstrip() for line in captured.get().splitlines())
        out = self._out or sys.stdout
        out.writelines(f"{line}\n" for line in lines if line)
        out.flush()
