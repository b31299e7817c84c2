"""The gallery page ``figures/README.md``: every figure with its words, files, notebook, command."""

import re
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Protocol

FILENAME = "README.md"

_HEAD = """\
# The figures of the chapter, computed

Each picture is drawn by `coursekit` from numbers that it computes; none of them is typed in. Click
one for its vector file. `coursekit figures` draws all of them again, and this page; `--format pdf`,
`--size column` or `--size slide`, and `--theme dark` or `--theme grey` draw what a paper or a talk
needs, into a folder of their own.
"""


class Pictured(Protocol):
    """What the page needs of a figure."""

    id: str
    caption: str

    @property
    def alt(self) -> str:
        """The figure in words."""

    def filename(self, format: str) -> str:
        """The name of its file."""


def page(figures: Iterable[Pictured], notebooks: Path) -> str:
    """Return the page; ``notebooks``: the folder of the course's notebooks."""
    shown = _shown(notebooks)
    return "\n".join([_HEAD, *(_entry(one, shown.get(one.id, [])) for one in figures)])


def _entry(one: Pictured, notebooks: Sequence[str]) -> str:
    links = [f"[{name[:2]}](../notebooks/{name}.ipynb)" for name in notebooks]
    again = f" (again in {', '.join(links[1:])})" if links[1:] else ""
    where = f"Notebook {links[0]}{again} · " if links else ""
    svg, png, words = one.filename("svg"), one.filename("png"), escape(one.alt)
    return f"""\
## Figure {one.id}

<a href="{svg}"><img src="{png}" width="420" alt="{words}"></a>

{one.caption}

{where}`coursekit figures {one.id}` · [svg]({svg}), [png]({png})

<details><summary>In words</summary>{words}</details>
"""


def _shown(notebooks: Path) -> dict[str, list[str]]:
    """The notebooks that show each figure, in the order of the course."""
    shown: dict[str, list[str]] = {}
    for source in sorted((notebooks / "src").glob("[0-9][0-9]_*.py")):
        for id in re.findall(r'^figures\.show\("(.+?)"\)', source.read_text("utf-8"), re.MULTILINE):
            shown.setdefault(id, []).append(source.stem)
    return {id: list(dict.fromkeys(names)) for id, names in shown.items()}
