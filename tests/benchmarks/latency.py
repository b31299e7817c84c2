"""From the hand to the picture: a playground beside ``interact``, in JupyterLab in Chromium.

Each move is timed in the page itself: from the event of the mouse or key to the first paint after
the picture that answers it. Nothing in the playground helps with that; the page is only watched.
"""

import shutil
import statistics
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import Page, TimeoutError, sync_playwright

from tests.benchmarks.timing import print_table
from tests.browser.page import NotebookPage
from tests.browser.server import Server, running

DRAG_SECONDS, MOVES = 5.0, 50
REST = 3.0  # seconds in which a page that was opened comes to rest
CELLS = {
    "playground": "from coursekit.widgets.descent import Descent\n"
    "Descent(momentum=True, steps=100, start=(-1.0, 0.5))",
    "interact": """\
import matplotlib.pyplot as plt
import numpy as np
from ipywidgets import IntSlider, interact
from coursekit import SGD, Momentum, minimize, valley
surface = valley()
x, y = np.meshgrid(np.linspace(-2, 2, 141), np.linspace(-2, 2, 141))
loss = surface.value(np.stack([x, y], axis=-1))
@interact(steps=IntSlider(100, 1, 300))
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
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        raise SystemExit("this benchmark needs Chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder, running("lab", Path(folder)) as server:
        for name, source in CELLS.items():
            notebook = new_notebook(cells=[new_code_cell(source)], metadata=METADATA)
            nbformat.write(notebook, server.root / f"{name}.ipynb")
        with sync_playwright() as playwright:
            options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
            browser = playwright.chromium.launch(executable_path=chromium, args=options)
            page = _opened(browser.new_page(), server, "playground", ".ck-plot canvas")
            drag, seconds = _drag(page)
            moves = _moves(page, ".ck-controls input[data-name=steps]", "watchSlider")
            page.close()
            page = _opened(
                browser.new_page(),
                server,
                "interact",
                ".jp-OutputArea img",
            )
            rival = _moves(page, ".noUi-handle", "watchImage")
            browser.close()
    lags = [lag for lag, _ in drag]
    print_table(
        f"Descent playground, 2 methods of 100 steps: a {DRAG_SECONDS:g} s drag, {MOVES} key moves",
        ["", "median ms", "slowest ms", "frames a second", "interact's over it"],
        [
            ["drag", statistics.median(lags), max(lags), len({n for _, n in drag}) / seconds, ""],
            ["slider", *_summary(moves), statistics.median(rival) / statistics.median(moves)],
            ["interact, inline", *_summary(rival), 1.0],
        ],
    )
    print("to reach: median 20 ms, 30 frames a second, lag 100 ms, 5 times interact")


def _summary(times: list[float]) -> list[float]:
    return [statistics.median(times), max(times), 1000 / statistics.mean(times)]


def _opened(page: Page, server: Server, name: str, ready: str) -> Page:
    page.set_viewport_size({"width": 1280, "height": 900})
    notebook = NotebookPage(page, server, f"{name}.ipynb")
    shown = page.locator(ready).first
    for _ in range(5):  # a kernel that has just started may drop what it is asked for
        time.sleep(REST)
        notebook.menu("Run", "Run All Cells")
        with suppress(TimeoutError):
            shown.wait_for(timeout=15_000)
            break
    time.sleep(REST)
    page.add_script_tag(content=WATCH)
    return page


def _drag(page: Page) -> tuple[list[tuple[float, int]], float]:
    """Drag the start along a line and back; the lag of each painted frame, and the time taken."""
    page.evaluate("watchDrag()")
    box = page.locator(".ck-grip").first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    start = time.perf_counter()
    step = 0
    while time.perf_counter() - start < DRAG_SECONDS:
        step += 1
        page.mouse.move(x + 150 * _triangle(step / 100), y)
    seconds = time.perf_counter() - start
    page.mouse.up()
    time.sleep(0.5)
    watched = page.evaluate("watched")
    page.evaluate("watched.asked = [], watched.shown = []")
    lags = []
    for n, (painted, place) in enumerate(watched["shown"]):
        # The latest event before this paint whose place is the one shown, to a pixel's rounding.
        asked = [t for t, wanted in watched["asked"] if t <= painted and abs(wanted - place) < 0.8]
        if asked:
            lags.append((painted - max(asked), n))
    return lags, seconds


def _triangle(turn: float) -> float:
    return 1 - abs(turn % 2 - 1)


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
