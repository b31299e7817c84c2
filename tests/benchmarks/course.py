"""Every notebook of the course, one after another: its seconds, and the memory of its kernel."""

import os
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
import psutil
from nbclient import NotebookClient

from coursekit import guide
from tests.benchmarks.timing import print_table

NOTEBOOKS = Path(guide.__file__).parents[1] / "notebooks"


def main() -> None:
    """Print a row for each notebook, and what the largest and all of them need."""
    rows = [[path.stem, *measured(path)] for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
    sizes = [path.stat().st_size / 1e6 for path in NOTEBOOKS.glob("*.ipynb")]
    rows.append(["all, and the largest", sum(row[1] for row in rows), max(row[2] for row in rows)])
    print_table("The notebooks, start of the kernel included", ["", "s", "MB"], rows)
    print(f"\nThe notebooks with their outputs are {sum(sizes):.1f} MB on the disk.")


def measured(path: Path) -> tuple[float, float]:
    """The seconds of a notebook in a fresh kernel, and the most MB that it has after a cell."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=120,
        extra_arguments=["--log-level=ERROR"],
        resources={"metadata": {"path": NOTEBOOKS}},
    )
    largest, start = 0, time.perf_counter()
    with TemporaryDirectory() as progress:
        env = {**os.environ, "COURSEKIT_DATA": progress}
        with client.setup_kernel(env=env):
            kernel = psutil.Process(client.km.provisioner.pid)
            for index, cell in enumerate(notebook.cells):
                client.execute_cell(cell, index)
                largest = max(largest, kernel.memory_info().rss)
            seconds = time.perf_counter() - start
    return seconds, largest / 1e6
