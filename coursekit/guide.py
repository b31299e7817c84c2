"""The way through the course: its notebooks, and whether this computer is ready for them."""

import importlib.metadata
import json
import os
import platform
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# Of each notebook: what it answers, the notebooks that should come first, and the section under
# which its exercises are counted.
_ABOUT: dict[str, tuple[str, str, str]] = {
    "01_gradient_descent": (
        "When does a learning rate creep, swing or explode? What does a narrow valley cost? Does a "
        "saddle hold you?",
        "",
        "7.1",
    ),
    "02_annealing": (
        "What does a loss curve tell of its rate? What holds a constant rate up, and which "
        "schedule is best there? When does annealing not pay?",
        "01",
        "7.2",
    ),
    "03_momentum": (
        "Why does the rate hardly matter with momentum? Which ρ fits a valley? When does a ball "
        "cross a barrier?",
        "01",
        "7.3.1",
    ),
    "04_nesterov": (
        "What does looking ahead change, and when is it worth it? Who wins when both are tuned?",
        "03",
        "7.3.2",
    ),
    "05_adagrad": (
        "When does a narrow valley disappear, and when not at all? Does a falling rate bring "
        "training to a halt?",
        "01",
        "7.3.3",
    ),
    "06_rmsprop": (
        "How far back does a fading memory reach? Why does the descent hover in the end, and how "
        "far away?",
        "05",
        "7.3.4",
    ),
    "07_adam": (
        "What does the bias correction do? Is Adam the best default once every method has its own "
        "best rate?",
        "03, 06",
        "7.3.5",
    ),
    "08_activations": (
        "How long does a saturated sigmoid sleep? What kills a ReLU, and does it come back? Is any "
        "unit better than ReLU?",
        "01",
        "7.4",
    ),
    "09_maxout": (
        "Which shapes can one unit learn, and which never? Is the shape worth its parameters?",
        "08",
        "7.4.4",
    ),
    "10_initialization": (
        "Which start keeps signal and gradient alive over fifty layers? When do equal units part?",
        "08",
        "7.5",
    ),
    "11_pretraining": (
        "What did pre-training do for deep sigmoid networks? What does it do that a start of the "
        "right scale does not?",
        "10",
        "pre-training",
    ),
    "12_preprocessing": (
        "What do centring and scaling buy, and on which data? What harm does a look at the test "
        "set do?",
        "01",
        "7.6",
    ),
    "13_batch_normalization": (
        "Which rates, starts and batches does it allow? Why must the gradient pass through mean "
        "and variance?",
        "10, 12",
        "7.7",
    ),
    "14_vanishing_gradients": (
        "Which remedy is enough alone, at 10 layers and at 30? How do you find out what is wrong "
        "with a deep network?",
        "13",
        "7.8",
    ),
    "15_fixup": (
        "Do hundreds of blocks train without normalization? Can you train thirty layers yourself?",
        "03, 14",
        "fixup",
    ),
}


class Chapter(NamedTuple):
    """A notebook of the course; ``minutes`` with its exercises and without, as it says itself."""

    name: str
    title: str
    minutes: tuple[int, int]
    question: str
    first: str
    section: str

    @property
    def link(self) -> str:
        """Number and title as a link."""
        return f"[{self.name[:2]} {self.title}]({self.name}.ipynb)"


def chapters(folder: str | os.PathLike[str] = ".") -> list[Chapter]:
    """Return the notebooks in their order; ``folder``: where they lie.

    ``FileNotFoundError`` if one is missing, ``ValueError`` if it does not begin like the others.
    """
    found = []
    for name, (question, first, section) in _ABOUT.items():
        cells = json.loads((Path(folder) / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        head = "".join(cells[0]["source"])
        title = re.match(r"# \d+ · (.+)", head)
        minutes = re.search(r"about (\d+) minutes with the\s+exercises, (\d+) without", head)
        if not title or not minutes:
            raise ValueError(f"{name}.ipynb must begin with its title and its minutes")
        times = int(minutes[1]), int(minutes[2])
        found.append(Chapter(name, title[1], times, question, first, section))
    return found


def course_map(folder: str | os.PathLike[str] = ".") -> str:
    """Return the map of the course as a Markdown table with links."""
    rows = ["| notebook | it answers | minutes | read first |", "|---|---|---|---|"]
    for one in chapters(folder):
        times = f"{one.minutes[1]} + {one.minutes[0] - one.minutes[1]}"
        rows.append(f"| {one.link} | {one.question} | {times} | {one.first} |")
    return "\n".join(rows)


class Finding(NamedTuple):
    """One thing about this computer: whether it is well, and what to do if it is not."""

    well: bool
    text: str

    def __str__(self) -> str:
        return f"{'✓' if self.well else '✗'} {self.text}"


def environment() -> list[Finding]:
    """Say in words whether Python, the packages and the reader's folder are as the course needs."""
    return [_python(), *_packages(), _progress()]


def _python() -> Finding:
    from packaging.specifiers import SpecifierSet

    wanted = importlib.metadata.metadata("coursekit")["Requires-Python"]
    here = platform.python_version()
    if SpecifierSet(wanted).contains(here, prereleases=True):
        return Finding(True, "Python is of a version that the course is tested with.")
    return Finding(
        False,
        f"This is Python {here}, and the course is tested with {wanted}. Install such a version, "
        "then set the course up with it: make PYTHON=python3.12 lab",
    )


def _packages() -> Iterator[Finding]:
    """The packages that the course needs at least; one line where all is well."""
    from packaging.requirements import Requirement

    wrong = []
    for text in importlib.metadata.requires("coursekit") or []:
        asked = Requirement(text)
        if asked.marker is not None and not asked.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(asked.name)
        except importlib.metadata.PackageNotFoundError:
            wrong.append(Finding(False, f"{asked.name} is missing. {_SETUP}"))
            continue
        if not asked.specifier.contains(version, prereleases=True):
            need = f"and the course needs {asked.specifier}"
            wrong.append(Finding(False, f"{asked.name} is {version}, {need}. {_SETUP}"))
    yield from wrong or [Finding(True, "All packages are there, and new enough.")]


_SETUP = "Set the course up with `make lab`, and open it from there."


def _progress() -> Finding:
    from coursekit.exercises import progress

    try:
        place = progress.path().parent
        while not place.exists():
            place = place.parent
        if os.access(place, os.W_OK):
            return Finding(True, "What you solve will be remembered.")
        reason = f"{place} cannot be written to"
    except OSError as problem:
        reason = str(problem)
    return Finding(
        False,
        f"What you solve will be forgotten when the notebook is closed: {reason}. Name a folder of "
        "yours in the environment variable COURSEKIT_DATA before you start Jupyter.",
    )
