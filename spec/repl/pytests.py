"""A walk as a test: it takes the same steps in the code as it then is, and compares where they lead."""

from spec.repl.script import Script
from spec.repl.walk import Walk

_TEMPLATE = '''"""{about}

Saved from `gungnir repl`. Run it in a checkout: python -m pytest {name}
"""
# ruff: noqa: E501 - actions are named as the world tells them

from spec.repl import Script, code_as_it_is, walked

SCRIPT = Script(
    model={model!r},
    mutant={mutant!r},
    steps=(
{steps}    ),
)
END = (
{end})
BROKEN: dict[str, int] = {broken!r}


def test_the_walk_ends_where_it_did() -> None:
    """Every step can be taken again, breaks what it broke, and the world at the end is the same."""
    walk = walked(SCRIPT)
    assert {{name: step for name, (step, _) in walk.breaks().items()}} == BROKEN
    assert walk.game.described(walk.state) == END
'''

_UNCHANGED = '''

def test_the_code_as_it_is_does_not_break_it() -> None:
    """Without the mutant, the walk holds as far as it can be taken."""
    assert code_as_it_is(SCRIPT).breaks() == {}
'''


def written(walk: Walk, script: Script, name: str) -> str:
    """Return the source of a test module; ``name`` is the file that it will be."""
    breaks = {predicate: number for predicate, (number, _) in walk.breaks().items()}
    about = f"A walk of {len(script.steps)} steps in the model {script.model!r}"
    about += f", with the mutant {script.mutant!r}." if script.mutant else "."
    text = _TEMPLATE.format(
        about=about.replace('"', "'"),
        name=name,
        model=script.model,
        mutant=script.mutant,
        steps="".join(f"        {line!r},\n" for line in script.steps),
        end="".join(f"    {line!r},\n" for line in walk.game.described(walk.state)),
        broken=breaks,
    )
    return text + (_UNCHANGED if script.mutant and breaks else "")
