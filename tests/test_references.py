"""What the notebooks' prose refers to is there, and comes before where it is needed."""

import re
from pathlib import Path

import nbformat
import pytest

from coursekit import figures, guide, ledger

FOLDER = Path(guide.__file__).parents[1] / "notebooks"
BUILT = sorted(FOLDER.glob("*.ipynb"))
CHAPTERS = {one.name[:2]: one for one in guide.chapters(FOLDER)}
CLAIMS = {entry.claim.id: entry for entry in ledger.read(FOLDER)}
each = pytest.mark.parametrize("path", BUILT, ids=lambda p: p.stem)


def prose(path):
    """The Markdown of a notebook as one string."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


def sentence(start, text):
    """The first sentence that begins with a word, on one line; a decimal point ends none."""
    found = re.search(rf"^{start}.*?\.(?=\s)", text, re.MULTILINE | re.DOTALL)
    return found[0].replace("\n", " ") if found else ""


def before(number):
    """The notebooks that come before one, by the map: those it names, and those that they name."""
    named = [one for one in CHAPTERS[number].first.split(", ") if one]
    return set(named).union(*map(before, named)) if named else set()


@each
def test_notebooks_figures_and_claims_that_are_named_exist(path):
    text = prose(path)
    numbers = {one.name[:2] for one in BUILT}
    assert not re.search(r"\b[Nn]otebooks?\s+\d\b", text), "notebooks have two digits"
    assert set(re.findall(r"\b[Nn]otebooks?\s+(\d\d)\b", text)) <= numbers
    assert set(re.findall(r"\bFigures?\s+(7\.\d+)", text)) <= set(figures.ids())
    assert set(re.findall(r"\b[Cc]laims?\s+(7\.[\d.]+-[a-z]|L-[a-z])", text)) <= set(CLAIMS)


@each
def test_a_claim_is_looked_for_in_the_notebook_that_measures_it(path):
    named = re.findall(r"notebook\s+(\d\d),\s+claim\s+(7\.[\d.]+-[a-z]|L-[a-z])", prose(path))
    for number, claim in named:
        assert CLAIMS[claim].notebook.startswith(number)


@pytest.mark.parametrize("one", CHAPTERS.values(), ids=lambda one: one.name)
def test_a_chapter_shows_the_figures_that_it_promises(one):
    cells = nbformat.read(FOLDER / f"{one.name}.ipynb", as_version=4).cells
    head = cells[0].source.split("\n\n")[1]
    named = re.search(r"Figures? 7\.(\d+)(?: (and|to) 7\.(\d+))?", head)
    numbers = [int(number) for number in named.group(1, 3) if number] if named else []
    if named and named[2] == "to":
        numbers = range(numbers[0], numbers[1] + 1)
    shown = re.findall(r'figures\.show\("(.+?)"\)', "\n".join(cell.source for cell in cells))
    assert shown == [f"7.{number}" for number in numbers]


@pytest.mark.parametrize("number", CHAPTERS)
def test_what_a_chapter_needs_is_read_first(number):
    text = prose(FOLDER / f"{CHAPTERS[number].name}.ipynb")
    needed = sentence("You need", text)
    assert needed
    assert set(re.findall(r"\b\d\d\b", needed)) <= before(number)


@pytest.mark.parametrize("path", ["One hour", "A weekend"])
def test_a_path_leaves_out_nothing_that_is_needed(path):
    text = prose(FOLDER / "00_start_here.ipynb")
    item = re.search(rf"- \*\*{path}\.\*\*(.+?)(?=\n- |\Z)", text, re.DOTALL)[1]
    numbers = list(dict.fromkeys(re.findall(r"\b\d\d\b", item)))
    assert numbers
    assert numbers == sorted(numbers)
    for number in numbers:
        assert before(number) <= set(numbers)
