"""Make the notebooks from their sources: ``python notebooks/build.py [NAME …] [--check]``.

One way only: ``src/NN_topic.py`` (py:percent text) becomes ``NN_topic.ipynb``, with fixed cell
ids, the exercises as blanks, and the outputs of a run from a fresh kernel. Built twice, the bytes
are the same. A cell of the source may carry

    # %% exercise="momentum-step"     (empty) becomes the question and the blank
    # %% tags=["claim-7.3.1-a"]       measures that claim
    # %% tags=["hide-input"]          only draws: its source is folded
    # %% tags=["training-picture"]    draws long trainings, in which processors differ
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from tqdm import tqdm

from coursekit import exercises
from coursekit.exercises.cards import exercise_markdown
from coursekit.figures.registry import small_png
from coursekit.files import write_whole

HERE = Path(__file__).parent
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def sources() -> list[Path]:
    """All sources, in the order of the course."""
    return sorted((HERE / "src").glob("[0-9][0-9]_*.py"))


def target(source: Path) -> Path:
    """Where the built notebook of a source lies."""
    return HERE / f"{source.stem}.ipynb"


def assemble(source: Path, *, solutions: bool = False) -> NotebookNode:
    """The notebook without outputs; with ``solutions`` the exercises are answered."""
    text = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    notebook = new_notebook(metadata=METADATA)
    taken: set[str] = set()
    for cell in text.cells:
        for made in _cells(cell, solutions):
            made.id = _free_id(made, taken)
            taken.add(made.id)
            notebook.cells.append(made)
    return notebook


def _cells(cell: NotebookNode, solutions: bool) -> Iterator[NotebookNode]:
    name = cell.metadata.get("exercise")
    if name is None:
        tags = cell.metadata.get("tags", [])
        metadata: dict[str, Any] = {"tags": tags} if tags else {}
        if "hide-input" in tags:
            metadata["jupyter"] = {"source_hidden": True}
        make = new_code_cell if cell.cell_type == "code" else new_markdown_cell
        yield make(cell.source, metadata=metadata)
        return
    if cell.source.strip():
        raise ValueError(f"the cell of exercise {name!r} must be empty: the blank goes there")
    exercise = exercises.get(name)
    tag = f"exercise-{name}"
    yield new_markdown_cell(exercise_markdown(exercise), metadata={"tags": [f"{tag}-question"]})
    yield new_code_cell(exercise.cell(solved=solutions), metadata={"tags": [tag]})


def _free_id(cell: NotebookNode, taken: set[str]) -> str:
    """An id that stays when other cells come and go: from a tag, a heading, or the text."""
    tags = cell.metadata.get("tags", [])
    named = [tag for tag in tags if tag.startswith(("claim-", "exercise-"))]
    heading = re.match(r"#+ +(.+)", cell.source) if cell.cell_type == "markdown" else None
    figure = re.search(r'^figures\.show\("(.+?)"\)', cell.source, re.MULTILINE)
    if named:
        wanted = named[0]
    elif figure:
        wanted = f"figure-{figure[1]}"
    elif heading:
        wanted = heading[1].lower()
    else:
        wanted = hashlib.sha256(cell.source.encode()).hexdigest()[:10]
    slug = re.sub(r"[^a-z0-9]+", "-", wanted, flags=re.IGNORECASE).strip("-")[:56]
    number, free = 1, slug
    while free in taken:
        number += 1
        free = f"{slug}-{number}"
    return free


def execute(notebook: NotebookNode) -> NotebookNode:
    """Run a notebook in a fresh kernel, in place; an error in a cell is raised."""
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        record_timing=False,
        extra_arguments=["--log-level=ERROR"],  # not the notice that the kernel talks over TCP
        store_widget_state=False,
        coalesce_streams=True,  # where a printed text is cut depends on the clock
        resources={"metadata": {"path": str(HERE)}},
    )
    with TemporaryDirectory() as progress:  # nobody's own: it is neither shown nor changed
        # One thread: the last digits stay, and two notebooks side by side do not wait for cores.
        threads = dict.fromkeys(["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"], "1")
        env = {**os.environ, **threads, "PYTHONHASHSEED": "0", "COURSEKIT_DATA": progress}
        client.execute(env=env)
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            # It would point into a kernel that is gone; the same output's HTML or picture stays.
            data = output.get("data", {})
            data.pop("application/vnd.jupyter.widget-view+json", None)
            # What figures.show puts out is the committed file, and small already.
            if "image/png" in data and not cell.source.startswith("figures.show("):
                data["image/png"] = b64encode(small_png(b64decode(data["image/png"]))).decode()
    return notebook


def to_text(notebook: NotebookNode) -> str:
    """The text of the file: the same for the same notebook."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def stale(source: Path) -> str:
    """Why the built notebook does not follow from its source; empty if it does."""
    path = target(source)
    if not path.exists():
        return "not built"
    built = nbformat.read(path, as_version=4)
    fresh = assemble(source)
    if built.metadata != fresh.metadata:
        return "other metadata"
    if len(built.cells) != len(fresh.cells):
        return f"{len(built.cells)} cells, the source makes {len(fresh.cells)}"
    for old, new in zip(built.cells, fresh.cells, strict=True):
        if any(old[key] != new[key] for key in ("id", "cell_type", "source", "metadata")):
            return f"cell {new.id} differs"
    return ""


def _chosen(names: Sequence[str]) -> list[Path]:
    known = sources()
    chosen = [p for p in known if not names or any(p.stem.startswith(name) for name in names)]
    missing = [n for n in names if not any(p.stem.startswith(n) for p in known)]
    if missing:
        known_names = ", ".join(p.stem for p in known)
        raise SystemExit(f"build.py: no source begins with {missing[0]!r}. Known: {known_names}")
    return chosen


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the named notebooks, or all; with ``--check`` only say which are stale."""
    parser = argparse.ArgumentParser(description="Make the notebooks from notebooks/src.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="such as 01; all by default")
    parser.add_argument("--check", action="store_true", help="write nothing; name what is stale")
    options = parser.parse_args(arguments)
    chosen = _chosen(options.names)
    if options.check:
        reasons = {source: stale(source) for source in chosen}
        for source, reason in reasons.items():
            if reason:
                print(f"{target(source).name} is stale: {reason}. Run: make notebooks")
        orphans = {*HERE.glob("*.ipynb")} - {target(source) for source in sources()}
        for orphan in sorted(orphans):
            print(f"{orphan.name} has no source")
        return 1 if any(reasons.values()) or orphans else 0
    for source in (bar := tqdm(chosen, unit="notebook")):
        bar.set_postfix_str(source.stem)
        write_whole(target(source), to_text(execute(assemble(source))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
