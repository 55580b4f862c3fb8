"""The documents lead somewhere: links, file names and make targets that they mention exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\((?!https?://|#)([^)#\s]+)")
CODE_PATH = re.compile(r"`((?:gungnir|deploy|docs|tests|lock|spec|proofs)/[\w./-]+)`")
MAKE = re.compile(r"`(?:\w+=\S+ )?make ([a-z0-9-]+)")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def targets() -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+):[^\n]*## (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_relative_link_leads_to_a_file(document: Path) -> None:
    links = LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_path_in_backticks_exists(document: Path) -> None:
    assert [path for path in CODE_PATH.findall(document.read_text()) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_every_make_target_that_is_mentioned_exists(document: Path) -> None:
    assert set(MAKE.findall(document.read_text())) <= set(targets())


def test_every_make_target_says_what_it_needs_or_how_long_it_takes() -> None:
    documented = targets()
    phony = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert phony is not None
    assert set(phony[1].split()) == set(documented)
    timeless = {"help", "clean"}
    assert [
        name for name, text in documented.items() if name not in timeless and not re.search(r"\d+ (s|min)", text)
    ] == []


def test_the_index_of_the_decisions_lists_each_of_them_once() -> None:
    folder = ROOT / "docs" / "decisions"
    pages = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert sorted(LINK.findall((folder / "README.md").read_text())) == pages
    assert [int(name[:4]) for name in pages] == list(range(1, len(pages) + 1))
    for name in pages:
        text = (folder / name).read_text()
        assert text.startswith(f"# {name[:4]} ")
        assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]


def test_the_readme_has_at_most_150_lines() -> None:
    assert (ROOT / "README.md").read_text().count("\n") <= 150
