"""The textbook's figures: for each, a function that computes its numbers and one that draws them.

    @figure("7.3", slug="narrow-valley", caption="…", alt="… after {d.steps} steps …")
    def narrow_valley() -> NarrowValley: ...

    @narrow_valley.draws
    def _(data: NarrowValley, width: float) -> matplotlib.figure.Figure: ...

This is the only place that writes a figure's file.
"""

import errno
import io
import os
import re
from base64 import b64encode
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.figure
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from coursekit.checks import check_known, check_number
from coursekit.figures import compare, style, themes
from coursekit.figures.gallery import FILENAME as GALLERY
from coursekit.figures.gallery import page
from coursekit.files import write_whole

FORMATS = ("svg", "png", "pdf")
COMMITTED = ("svg", "png")  # what the folder ``figures`` keeps of each figure
RASTER_DPI = 200  # of the rasterized parts of a vector file, at least


class Size(NamedTuple):
    """How wide a figure is drawn, in inches, and how finely it becomes pixels."""

    width: float
    dpi: float


SIZES = {
    "page": Size(style.PAGE, 150),
    "column": Size(style.COLUMN, 300),  # panels stacked
    "slide": Size(style.PAGE, 1920 / style.PAGE),  # letters as large as on a page
}

Draw = Callable[[Any, float], matplotlib.figure.Figure]


class Stale(NamedTuple):
    """A file that is not what the registry draws, and why."""

    filename: str
    reason: str


class Figure:
    """One numbered figure of the book: ``id``, ``slug``, ``caption``, ``alt``, data and drawing."""

    def __init__(
        self, id: str, slug: str, caption: str, alt: str, compute: Callable[[], Any]
    ) -> None:
        self.id, self.slug, self.caption = id, slug, caption
        self._alt, self._compute = alt, compute
        self._data: Any = None
        self._draw: Draw

    def __repr__(self) -> str:
        return f"<Figure {self.id}: {self.slug}>"

    @property
    def alt(self) -> str:
        """The figure in words, for a reader who cannot see it, with its computed numbers."""
        return re.sub(r"(?<!\w)-(?=\d)", "−", self._alt.format(d=self.data()))

    def draws(self, function: Draw) -> Draw:
        """Register ``function(data, width)`` as the drawing of this figure."""
        self._draw = function
        return function

    def data(self) -> Any:
        """Return the numbers behind the figure, computed once."""
        if self._data is None:
            self._data = self._compute()
        return self._data

    def draw(self, width: float = style.PAGE) -> matplotlib.figure.Figure:
        """Draw the figure, ``width`` inches wide."""
        check_number("width", width, at_least=3)
        with style.context():
            return self._draw(self.data(), width)

    def filename(self, format: str) -> str:
        """Return the name of the figure's file: ``fig-7-03-narrow-valley.svg``."""
        chapter, number = _number(self.id)
        return f"fig-{chapter}-{number:02d}-{self.slug}.{check_known('format', format, FORMATS)}"

    def render(self, format: str, size: str | float = "page", theme: str = "light") -> bytes:
        """Return the figure as a file's bytes: the same in every run, for they hold no date.

        ``size``: one of ``SIZES``, or a width in inches; ``theme``: light, dark or grey.
        """
        check_known("format", format, FORMATS)
        width, dpi = check_size(size)
        drawn, buffer = self.draw(width), io.BytesIO()
        themes.apply(drawn, theme)
        title, words = f"Figure {self.id}. {self.caption}", self.alt
        metadata: dict[str, dict[str, Any]] = {
            "svg": {"Date": None, "Creator": None, "Title": title, "Description": words},
            "pdf": {"CreationDate": None, "Creator": None, "Producer": None, "Title": title},
            "png": {},
        }
        dots = dpi if format == "png" else max(dpi, RASTER_DPI)
        with style.context():
            drawn.savefig(buffer, format=format, dpi=dots, metadata=metadata[format])
        drawing = buffer.getvalue()
        if format != "png":
            return drawing
        return small_png(drawing, dpi, Title=title, Description=words)

    def png(self) -> bytes:
        """Return the bytes of the figure's committed png file."""
        return self.render("png")


_FIGURES: dict[str, Figure] = {}


def figure(id: str, *, slug: str, caption: str, alt: str) -> Callable[[Callable[[], Any]], Figure]:
    """Register a function that computes a figure's data; the result takes the drawing one.

    ``caption``: one sentence. ``alt``: a format string in which ``d`` is the data.
    """

    def register(compute: Callable[[], Any]) -> Figure:
        if id in _FIGURES or any(slug == other.slug for other in _FIGURES.values()):
            raise ValueError(f"figure {id!r} or slug {slug!r} is registered already")
        _FIGURES[id] = Figure(id, slug, caption, alt, compute)
        return _FIGURES[id]

    return register


def ids() -> list[str]:
    """Return the ids of all figures, in the order of the book."""
    return _in_order()


def get(id: str) -> Figure:
    """Return one figure; ``ValueError`` with the known ids if there is none of this id."""
    return _FIGURES[check_known("figure", id, _in_order())]


def check_request(ids: str | Iterable[str] | None, formats: str | Iterable[str]) -> list[Figure]:
    """Return the figures asked for; ``ValueError`` for an unknown id or format."""
    for format in _names(formats):
        check_known("format", format, FORMATS)
    return [get(id) for id in (_in_order() if ids is None else _names(ids))]


def check_size(size: str | float) -> Size:
    """Return the size of this name or width; ``ValueError`` lists the known names."""
    if isinstance(size, str):
        return SIZES[check_known("size", size, list(SIZES))]
    check_number("size", size, at_least=3)
    return Size(float(size), SIZES["page"].dpi)


def checkout() -> Path | None:
    """The folder of the course if the package lies in it, or None where it is installed alone."""
    root = Path(__file__).parents[2]
    return root if (root / "pyproject.toml").is_file() else None


def default_folder(size: str | float = "page", theme: str = "light") -> Path:
    """The checkout's ``figures`` if the package lies in one, else ``figures`` right here.

    Another size or theme has a folder of its own, so that it replaces no committed file.
    """
    folder = (checkout() or Path()) / "figures"
    if size == "page" and theme == "light":
        return folder
    return folder / f"{size if isinstance(size, str) else f'{size:g}in'}-{theme}"


def save(
    ids: str | Iterable[str] | None = None,
    formats: str | Iterable[str] = COMMITTED,
    out: str | os.PathLike[str] | None = None,
    size: str | float = "page",
    theme: str = "light",
    progress: bool = True,
) -> list[Path]:
    """Draw figures (all by default) into the folder ``out`` and return the paths written.

    Nothing is written if something asked for is unknown. An interrupted run leaves whole files
    only. All figures in the committed formats, in a checkout's own folder: the gallery page too.
    """
    from tqdm import tqdm

    chosen, formats = check_request(ids, formats), _names(formats)
    check_size(size)
    themes.check_theme(theme)
    folder = default_folder(size, theme) if out is None else Path(out)
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is not a folder", str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    jobs = [(one, format) for one in chosen for format in formats]
    paths = []
    for one, format in tqdm(jobs, desc="figures", unit="file", disable=not progress):
        path = folder / one.filename(format)
        write_whole(path, one.render(format, size, theme))
        paths.append(path)
    if ids is None and set(formats) >= set(COMMITTED) and (gallery := _gallery(folder)):
        path = folder / GALLERY
        write_whole(path, gallery)
        paths.append(path)
    return paths


def _gallery(folder: Path) -> str:
    """The page about a folder's figures, if it is the checkout's."""
    root = checkout()
    if root is None or folder.resolve() != (root / "figures").resolve():
        return ""
    return page([get(id) for id in _in_order()], root / "notebooks")


def check(
    ids: str | Iterable[str] | None = None, out: str | os.PathLike[str] | None = None
) -> list[Stale]:
    """Compare the files in ``out`` with what would be drawn now; return the stale ones.

    Without ``ids``, files that belong to no figure are reported too.
    """
    chosen = check_request(ids, COMMITTED)
    folder = default_folder() if out is None else Path(out)
    stale = []
    for one in chosen:
        for format in COMMITTED:
            path = folder / one.filename(format)
            if not path.is_file():
                reason = "is missing"
            else:
                reason = compare.difference(format, path.read_bytes(), one.render(format))
            if reason:
                stale.append(Stale(path.name, reason))
    if ids is None and (gallery := _gallery(folder)):
        stored = folder / GALLERY
        if not stored.is_file() or stored.read_text(encoding="utf-8") != gallery:
            stale.append(Stale(GALLERY, "is not the page that would be written now"))
    if ids is None and folder.is_dir():
        ours = {one.filename(format) for one in chosen for format in FORMATS}
        names = {path.name for path in folder.glob("*fig-*") if path.suffix != ".tmp"}
        strays = sorted(names - ours)
        stale += [Stale(name, "belongs to no registered figure") for name in strays]
    return stale


def check_grey(ids: str | Iterable[str] | None = None) -> list[Stale]:
    """Return the figures in which two lines differ in their colour only: print is grey."""
    return [
        Stale(one.filename("svg"), f"has lines that differ in colour only: {alike}")
        for one in check_request(ids, COMMITTED)
        if (alike := themes.alike_in_grey(one.draw()))
    ]


def show(id: str) -> None:
    """Show a figure and its caption in a notebook: the same bytes as the committed png.

    Neither JupyterLab nor nbconvert takes an image's alternative text from an output (VS Code
    takes the plain text), so the words also stand below the caption, folded.
    """
    from IPython.display import display

    one = get(id)
    display(
        {"image/png": b64encode(one.png()).decode(), "text/plain": f"Figure {id}. {one.alt}"},
        metadata={"image/png": {"width": round(100 * style.PAGE), "alt": one.alt}},
        raw=True,
    )
    words = f"<details><summary>Figure {id} in words</summary>{escape(one.alt)}</details>"
    caption = f"**Figure {id}.** {one.caption}\n\n{words}"
    plain = f"Figure {id}. {one.caption}"
    display({"text/markdown": caption, "text/plain": plain}, raw=True)


def small_png(png: bytes, dpi: float = SIZES["page"].dpi, **texts: str) -> bytes:
    """The same picture in 256 colours: a quarter of the bytes, and no difference to the eye.

    ``texts``: kept in the file, such as its title.
    """
    # The rounds of k-means bring the flat colours back to their exact tones.
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    colours = picture.quantize(
        method=Image.Quantize.MAXCOVERAGE, kmeans=5, dither=Image.Dither.NONE
    )
    info = PngInfo()
    for name, text in texts.items():
        info.add_itxt(name, text)
    buffer = io.BytesIO()
    colours.save(buffer, "png", optimize=True, dpi=(dpi, dpi), pnginfo=info)
    return buffer.getvalue()


def _number(id: str) -> tuple[int, int]:
    chapter, number = id.split(".")
    return int(chapter), int(number)


def _in_order() -> list[str]:
    return sorted(_FIGURES, key=_number)


def _names(names: str | Iterable[str]) -> list[str]:
    return list(dict.fromkeys([names] if isinstance(names, str) else names))
