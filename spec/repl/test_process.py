"""The real command: a script through its standard input, and a person at a terminal."""

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "gungnir", "repl"]
DEADLINE_S = 40.0
PROMPT = re.compile(r"gungnir \d+> $")
TAB = "\t"
CTRL_D = "\x04"

WALK = """\
fault c-0 crash
run Promote
fault operator 0 restart
back 1
fault isolate c-1
state pods
invariants
diagram
"""


def _scripted(script: str, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own command
        [*COMMAND, *options], cwd=ROOT, input=script, capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )


class Terminal:
    """The command at a pseudo-terminal."""

    def __init__(self, home: Path) -> None:
        """Start it; ``home`` is where it keeps its history."""
        self._master, slave = pty.openpty()
        env = {**os.environ, "XDG_STATE_HOME": str(home), "TERM": "xterm", "NO_COLOR": "1", "COLUMNS": "400"}
        # In a background job of a shell interrupts are ignored, and by what it starts, too; a handler is not inherited.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.process = subprocess.Popen(COMMAND, cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, env=env)  # noqa: S603 - same
        signal.signal(signal.SIGINT, before)
        os.close(slave)

    def until_prompt(self) -> str:
        """Return what is printed up to the next prompt."""
        return self.until(PROMPT)

    def until(self, end: re.Pattern[str], within_s: float = DEADLINE_S) -> str:
        """Return what is printed up to this."""
        text, deadline_s = "", time.monotonic() + within_s
        while not end.search(text):
            ready, _, _ = select.select([self._master], [], [], max(0.0, deadline_s - time.monotonic()))
            assert ready, f"this was all:\n{text}"
            text += re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", os.read(self._master, 65536).decode()).replace("\r", "")
        return text

    def interrupt(self) -> str:
        """Interrupt until there is a prompt, and return what was printed up to there.

        A signal that arrives after Python has looked for signals and before it waits for a key is noticed only with the
        next key or signal; what is still to be printed of the keys before is no sign that it was noticed.
        """
        for _ in range(int(DEADLINE_S)):
            self.process.send_signal(signal.SIGINT)
            with suppress(AssertionError):
                return self.until(PROMPT, 1.0)
        raise AssertionError("no prompt after an interrupt")

    def type(self, keys: str) -> None:
        """Press these keys."""
        os.write(self._master, keys.encode())

    def __call__(self, line: str) -> str:
        """Enter a line and return the answer."""
        self.type(line + "\n")
        return self.until_prompt()

    def close(self) -> None:
        """End the process, if it has not ended."""
        os.close(self._master)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE_S)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """Start the command, and wait for its first prompt."""
    started = Terminal(tmp_path)
    try:
        started.until_prompt()
        yield started
    finally:
        started.close()


def test_a_script_is_carried_out_line_by_line() -> None:
    """Each line is shown with its prompt, everything worked, and the exit code says so."""
    result = _scripted(WALK)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "gungnir 0> fault c-0 crash" in result.stdout
    assert "failover is in Promote" in result.stdout
    assert "machine failover" in result.stdout
    assert "BROKEN" not in result.stdout
    assert not result.stderr


def test_a_script_with_a_wrong_line_goes_on_and_fails() -> None:
    """The wrong line is answered with an error; those after it are carried out."""
    result = _scripted("take nobody\nfault c-0 crash\nquit\nfault c-1 crash\n")
    assert result.returncode == 1
    assert "error: no action fits 'nobody'" in result.stdout
    assert "c-0: down" in result.stdout
    assert "c-1: down" not in result.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--model", "nowhere"), "no model fits 'nowhere'"),
        (("--mutant", "benign"), "there is no mutant 'benign'"),
        (("no-such-file.json",), "cannot be read"),
        (("--frobnicate",), "unrecognized arguments"),
    ],
)
def test_a_wrong_option_is_named(options: tuple[str, ...], said: str) -> None:
    """The exit code is that of wrong usage, and nothing is started."""
    result = _scripted("", *options)
    assert result.returncode == 2  # noqa: PLR2004 - the code that gungnir/cli.py documents
    assert said in result.stderr


def test_a_person_steps_through_a_failover(terminal: Terminal, tmp_path: Path) -> None:
    """To its end and back, with the operator crashing and the primary cut off; and a counterexample becomes a test."""
    assert "c-0: down" in terminal("fault c-0 crash")
    assert "failover is in Promote" in terminal("run Promote")
    assert "fault operator 0: restart" in terminal("fault restart")
    assert "failover is in Promote" in terminal("back")
    terminal("run end")
    assert "c-2, epoch 2" in terminal("state record")
    assert "isolate" in terminal("fault isolate c-2")
    assert "BROKEN" not in terminal("invariants")
    terminal("mutant the worst vote wins")
    assert "BROKEN noAckedWriteLost" in terminal("hunt")
    story, test = tmp_path / "counterexample.txt", tmp_path / "test_walk.py"
    assert "steps saved" in terminal(f"save {story}")
    terminal("mutant none")
    assert "BROKEN noAckedWriteLost" in terminal(f"load {story}")
    assert "steps saved" in terminal(f"save {test}")
    terminal.type(CTRL_D)
    assert terminal.process.wait(DEADLINE_S) == 0
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)]
    env = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    passed = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=50, check=False)  # noqa: S603 - same
    assert "2 passed" in passed.stdout


def test_a_terminal_completes_remembers_and_can_be_interrupted(terminal: Terminal, tmp_path: Path) -> None:
    """Tab completes an action, Ctrl-C gives a line up, and the lines are there the next time."""
    terminal.type(f"take c-0{TAB}\n")
    assert "c-0: down" in terminal.until_prompt()
    terminal.type("fault c-1")
    terminal.until(re.compile("fault c-1"))
    assert "gungnir 1>" in terminal.interrupt()
    terminal.type("quit\n")
    assert terminal.process.wait(DEADLINE_S) == 0
    assert "take c-0: crash its process ends" in (tmp_path / "gungnir" / "repl_history").read_text()
