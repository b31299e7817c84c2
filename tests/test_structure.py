"""The house: what imports what, how long a file may be, and what it must not contain."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "coursekit"
FILES = sorted(PACKAGE.rglob("*.py"))

# Imports go down this list only; rooms on one line do not import each other.
ORDER = [
    ["checks", "files"],
    ["objectives", "schedules", "claims", "listings", "activations", "initializers", "losses"],
    ["preprocessing", "idx", "journal", "ledger"],
    ["optimizers", "sequential"],
    ["descent", "layers", "normalization"],
    ["annealing"],
    ["network"],
    ["training", "diagnostics", "fixup"],
    ["pretraining"],
    ["sweeps", "datasets"],
    ["figures", "exercises"],
    ["guide"],
    ["widgets"],
    ["__main__"],
]
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}
# The door: it opens the light rooms at once and the heavy ones at their first use.
DOOR = "__init__"


def room(path):
    """The first part of a module's name below the package."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """The modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative import"
            if node.module == "coursekit":
                yield from (f"coursekit.{alias.name}" for alias in node.names)
            else:
                yield node.module


each_file = pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))


@each_file
def test_imports_go_down_only(path):
    here = room(path)
    if here == DOOR:
        return
    assert here in RANK, f"{here} has no place in the order yet"
    for name in imports(path):
        if name.startswith("coursekit."):
            there = name.split(".")[1]
            assert there == here or RANK[there] < RANK[here], f"{here} imports {there}"


@each_file
def test_drawing_and_widgets_stay_in_their_rooms(path):
    drawing = ("figures", "widgets")  # where no widget works, a playground is a picture
    allowed = dict.fromkeys(("matplotlib", "mpl_toolkits", "seaborn", "contourpy"), drawing)
    allowed |= dict.fromkeys(("ipywidgets", "anywidget", "traitlets"), ("widgets",))
    for name in imports(path):
        homes = allowed.get(name.split(".")[0], (room(path),))
        assert room(path) in homes, f"{path.name} imports {name}"


WRITTEN = [
    *FILES,
    *sorted((ROOT / "tests").rglob("*.py")),
    ROOT / "notebooks" / "build.py",
]


@pytest.mark.parametrize("path", WRITTEN, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_are_short_and_free_of_hidden_state(path):
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 350
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in ("np.random", "random"):
            assert node.attr in ("default_rng", "Generator", "PCG64"), f"legacy {node.attr}"
        if isinstance(node, ast.ImportFrom):
            assert "*" not in {alias.name for alias in node.names}, "import *"


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks" / "src").glob("*.py")))
def test_notebooks_use_generators(path):
    assert not re.search(r"np\.random\.(?!default_rng|Generator)", path.read_text("utf-8"))


def loaded_by(statement):
    """The top-level modules in memory after a statement, in a fresh Python."""
    script = f"{statement}\nimport sys; print(*{{m.split('.')[0] for m in sys.modules}})"
    environment = {**os.environ, "COVERAGE_PROCESS_START": ""}
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True
    )
    return set(run.stdout.split())


def test_importing_the_package_loads_numpy_alone():
    added = loaded_by("import coursekit") - loaded_by("import numpy") - sys.stdlib_module_names
    assert added == {"coursekit"}


def test_lazy_names_are_found_and_others_are_not():
    import coursekit

    assert set(coursekit.__all__) <= set(dir(coursekit))
    for name in coursekit.__all__:
        assert getattr(coursekit, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        coursekit.nothing  # noqa: B018


def test_the_top_level_is_the_agreed_one():
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    top = {Path(name).parts[0] for name in tracked}
    agreed = {"notebooks", "coursekit", "README.md", "environment.yml", "tests", "figures"}
    agreed |= {"pyproject.toml", "Makefile", "requirements.lock"}
    agreed |= {"LICENSE", "CITATION.cff", "CHANGELOG.md", "CONTRIBUTING.md"}  # where all look
    assert {name for name in top if not name.startswith(".")} <= agreed
