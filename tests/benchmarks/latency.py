"""From the hand to the picture: a playground beside ``interact``, in JupyterLab in Chromium.

Each move is timed in the page itself: from the event of the mouse or key to the first paint after
the picture that answers it. Nothing in the playground helps with that; the page is only watched.
"""

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, Playwright, sync_playwright

from tests.benchmarks.timing import print_table
from tests.browser.page import NotebookPage
from tests.browser.server import NO_BROWSER, browser_path, running

DRAG_SECONDS, MOVES = 5.0, 50
REST = 3.0  # seconds in which a page that was opened comes to rest
CELLS = {
    "playground": "from coursekit.widgets.descent import Descent\n"
    "Descent(momentum=True, start=(-1.0, 0.5))",
    "bare": """\
import anywidget

class Echo(anywidget.AnyWidget):
    _esm = \'\'\'
    const render = ({ model, el }) => {
      const slider = document.createElement("input");
      slider.type = "range";
      slider.dataset.lmSuppressShortcuts = "true";
      const answer = Object.assign(document.createElement("p"), { className: "ck-readout" });
      el.append(slider, answer);
      slider.addEventListener("input", () => model.send(slider.value));
      model.on("msg:custom", (content) => answer.replaceChildren(content));
    };
    export default { render };
    \'\'\'

echo = Echo()
echo.on_msg(lambda widget, content, buffers: widget.send(content))
echo
""",
    "interact": """\
import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import IntSlider, interact
from coursekit import SGD, Momentum, minimize, valley
surface = valley()
x, y = np.meshgrid(np.linspace(-2, 2, 141), np.linspace(-2, 2, 141))
loss = surface.value(np.stack([x, y], axis=-1))
@interact(steps=IntSlider(60, 1, 300))
def show(steps):
    figure, (plane, curve) = plt.subplots(1, 2, figsize=(9, 4))
    plane.contourf(x, y, loss, 12)
    for method in (SGD(0.05), Momentum(0.02)):
        run = minimize(surface, [-1.0, 0.5], method, steps)
        plane.plot(*run.points.T, "o-")
        curve.semilogy(run.values)
    plt.show()
""",
}
WATCH = Path(__file__).with_name("watch.js").read_text(encoding="utf-8")
METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def main() -> None:
    """Print the time from event to paint, frames a second, and the lag of a drag."""
    with sync_playwright() as playwright:
        with _page(playwright, "playground", ".ck-plot canvas") as page:
            drag = _drag(page)
            moves = _moves(page, ".ck-controls input[data-name=steps]", "watchSlider")
        with _page(playwright, "bare", "input[type=range]") as page:
            bare = _moves(page, "input[type=range]", "watchSlider")
        with _page(playwright, "interact", ".jp-OutputArea img") as page:
            rival = _moves(page, ".noUi-handle", "watchImage")
    lags, painted = [lag for lag, _ in drag], len({n for _, n in drag})
    print_table(
        f"Descent playground, 2 methods of 60 steps: a {DRAG_SECONDS:g} s drag, {MOVES} key moves",
        ["", "median ms", "slowest ms", "frames a second", "over the bare limit"],
        [
            ["drag", statistics.median(lags), max(lags), painted / DRAG_SECONDS, ""],
            ["slider", *_summary(moves), _times(moves, bare)],
            ["bare: an anywidget that echoes", *_summary(bare), 1.0],
            ["interact, inline", *_summary(rival), _times(rival, bare)],
        ],
    )
    print(f"interact takes {_times(rival, moves):.1f} times as long as the playground")
    print("to reach: median 20 ms, 30 frames a second, lag 100 ms, 5 times interact")


def _times(one: list[float], other: list[float]) -> float:
    return statistics.median(one) / statistics.median(other)


def _summary(times: list[float]) -> list[float]:
    return [statistics.median(times), max(times), 1000 / statistics.mean(times)]


@contextmanager
def _page(playwright: Playwright, name: str, ready: str) -> Iterator[Page]:
    """A notebook of one cell, run, alone in an application and a browser of its own."""
    path = browser_path()
    if path is None:
        raise SystemExit(NO_BROWSER)
    options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with (
        tempfile.TemporaryDirectory() as folder,
        running("lab", Path(folder)) as server,
        playwright.chromium.launch(executable_path=path, args=options) as browser,
    ):
        cells = [new_code_cell(CELLS[name])]
        nbformat.write(new_notebook(cells=cells, metadata=METADATA), server.root / f"{name}.ipynb")
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        NotebookPage(page, server, f"{name}.ipynb").run_all()
        page.locator(ready).first.wait_for()
        time.sleep(REST)
        page.add_script_tag(content=WATCH)
        yield page


def _drag(page: Page) -> list[tuple[float, int]]:
    """Drag the start along a line and back; the lag and the number of each painted frame."""
    page.evaluate("watchDrag()")
    box = page.locator(".ck-grip").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.evaluate("place => drag(place)", [x, y, DRAG_SECONDS])
    time.sleep(0.5)
    watched = page.evaluate("watched")
    page.evaluate("watched.asked = [], watched.shown = []")
    lags = []
    for n, (painted, place) in enumerate(watched["shown"]):
        # The latest event before this paint whose place is the one shown, to a pixel's rounding.
        asked = [t for t, wanted in watched["asked"] if t <= painted and abs(wanted - place) < 0.8]
        if asked:
            lags.append((painted - max(asked), n))
    return lags


def _moves(page: Page, slider: str, watch: str) -> list[float]:
    """Move a slider by its keys, each move after the answer to the one before."""
    page.evaluate(f"{watch}({slider!r})")
    page.locator(slider).first.focus()
    times = []
    for n in range(MOVES):
        before = page.evaluate("watched.shown.length")
        page.keyboard.press("ArrowLeft" if n % 2 else "ArrowRight")
        page.wait_for_function(f"watched.shown.length > {before}", polling=5)
        asked, painted = page.evaluate("[watched.asked.at(-1)[0], watched.shown.at(-1)[0]]")
        times.append(painted - asked)
        time.sleep(0.1)
    return times
