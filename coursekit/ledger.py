"""The course's ledger: every measured claim, read out of the notebooks as they were run.

ledger.read()            all claims, in the order of the course
ledger.table(rows, …)    some of them as a table with links to their cells
"""

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from coursekit.claims import Claim, parse


class Entry(NamedTuple):
    """A claim, and where it was measured: notebook (``03_momentum``), its title, the cell's id."""

    claim: Claim
    notebook: str
    title: str
    cell: str

    @property
    def link(self) -> str:
        """The claim's number as a link to its cell, for JupyterLab and for nbconvert's pages."""
        return f"[{self.claim.id}]({self.notebook}.ipynb#cell-id={self.cell})"

    @property
    def chapter(self) -> str:
        """The notebook's title as a link."""
        return f"[{self.title}]({self.notebook}.ipynb)"


def read(folder: str | os.PathLike[str] = ".") -> list[Entry]:
    """Return the claims in a folder's notebooks, in their order.

    ``FileNotFoundError`` if there is no notebook of the course; ``ValueError`` names a cell that
    measures a claim and has not been run.
    """
    paths = sorted(Path(folder).glob("[0-9][0-9]_*.ipynb"))
    if not paths:
        raise FileNotFoundError(f"folder must hold the notebooks of the course, got {folder}")
    return [entry for path in paths for entry in _entries(path)]


def _entries(path: Path) -> Iterable[Entry]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    title = "".join(cells[0]["source"]).splitlines()[0].lstrip("# ")
    for cell in cells:
        tags = [tag for tag in cell["metadata"].get("tags", []) if tag.startswith("claim-")]
        if not tags:
            continue
        printed = [_plain(output) for output in cell["outputs"]]
        claims = [text for text in printed if text.startswith("Claim ")]
        if len(claims) != 1:
            raise ValueError(f"{path.name}: run the cell of {tags[0]} first, and save the notebook")
        yield Entry(parse(claims[0]), path.stem, title, cell["id"])


def _plain(output: Mapping[str, Any]) -> str:
    return "".join(output.get("data", {}).get("text/plain", ""))


def table(entries: Iterable[Entry], **columns: Callable[[Entry], str]) -> str:
    """Return a Markdown table, one row an entry; ``columns``: heading and what stands below it.

    An underscore in a heading is printed as a space.
    """
    heads = [name.replace("_", " ") for name in columns]
    rows: list[Sequence[str]] = [heads, ["---"] * len(heads)]
    rows += [[escape(make(entry)) for make in columns.values()] for entry in entries]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def escape(text: str) -> str:
    """Return text that ends no column, and that Markdown takes for no formula and no emphasis."""
    for sign in ("|", "$", "*"):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("<", "&lt;")


def show(markdown: str) -> None:
    """Show Markdown in a notebook; where only text is printed, its source."""
    from IPython.display import display

    display({"text/markdown": markdown, "text/plain": markdown}, raw=True)
