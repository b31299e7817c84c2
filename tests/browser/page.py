"""A notebook in the browser: what a reader does with it, the same in JupyterLab and Notebook 7."""

import re
from contextlib import contextmanager

import nbformat
from playwright.sync_api import expect

LONG = 60_000  # ms
NUMBER = re.compile(r"\[\d+\]:")  # of a cell that has run
ERRORS = "[data-mime-type$='.error'], [data-mime-type$='.stderr']"
# The applications' own noise, each with its reason: how the message begins, and where it is from.
NOISE = [
    # Notebook 7.6 says so whenever a notebook is opened, an empty one too: its keyboard shortcuts
    # ask for the settings of a plugin that are still being loaded.
    ("Cannot read properties of undefined (reading 'schema')", "/static/notebook/notebook_core."),
    # Said of each widget in a saved file whose kernel is gone; the tests read the cards then.
    ("Error: widget model not found", "/@jupyter-widgets/jupyterlab-manager/"),
]
# WCAG 2.1: the ratio of the relative luminances, each with 0.05 added.
CONTRASTS = """outputs => {
  const light = ([r, g, b]) => {
    const linear = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) + 0.05;
  };
  const parts = color => color.match(/[\\d.]+/g).map(Number);
  const behind = node => {
    const color = parts(getComputedStyle(node).backgroundColor);
    return color[3] === 0 && node.parentElement ? behind(node.parentElement) : color;
  };
  const found = {};
  const walker = document.createTreeWalker(outputs, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    const text = walker.currentNode.textContent.trim();
    if (!text || !node.checkVisibility()) continue;
    const [a, b] = [light(parts(getComputedStyle(node).color)), light(behind(node))];
    found[text] = Math.max(a, b) / Math.min(a, b);
  }
  return found;
}"""


class Cell:
    """One code cell of an open notebook, and the exercise's panel in it if there is one."""

    def __init__(self, page, locator):
        self.page = page
        self.editor = locator.locator(".jp-InputArea").get_by_role("textbox")
        self.prompt = locator.locator(".jp-InputPrompt")
        self.outputs = locator.locator(".jp-Cell-outputArea")
        self.card = self.outputs.locator(".jp-OutputArea-output").first
        self.bar = self.outputs.get_by_role("group", name="Answer and help")
        self.spoken = self.bar.get_by_role("status")

    def run(self, source=None):
        """Run the cell, with another source if one is given, and wait until it is done."""
        self.editor.click()
        if source is not None:
            self.page.keyboard.press("ControlOrMeta+a")
            self.page.keyboard.insert_text(source)
        self.forget()
        self.page.keyboard.press("Control+Enter")
        expect(self.prompt).to_have_text(NUMBER, timeout=LONG)

    def forget(self):
        """Empty the prompt, so that the number of the coming run is told from the last one's."""
        self.prompt.evaluate("prompt => { prompt.textContent = ''; }")

    def press(self, *names):
        """Press buttons of the panel, one after the other."""
        for name in names:
            self.bar.get_by_role("button", name=name, exact=True).click()

    def tab_to(self, target, key="Tab"):
        """Reach a control, or a group of them, with Tab or Shift+Tab alone."""
        expect(target).to_be_visible()
        for _ in range(30):
            self.page.keyboard.press(key)
            if target.evaluate("node => node.contains(document.activeElement)"):
                return
        raise AssertionError(f"{key} does not lead to {target}")

    def contrasts(self):
        """Each piece of text in the outputs, with its contrast to what lies behind it, 1 to 21."""
        return self.outputs.evaluate(CONTRASTS)


class NotebookPage:
    """A notebook opened on a server; ``complaints`` are the errors in the browser's console."""

    def __init__(self, page, server, name):
        self.page, self.server, self.name = page, server, name
        self.complaints = []
        self.cells = page.locator(".jp-Notebook .jp-Cell")
        self.errors = self.cells.locator(ERRORS)
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self._complain(error.message, error.stack))
        page.on("dialog", lambda dialog: dialog.accept())  # leave the page, saved or not
        with self._connecting():
            page.goto(server.url(name))

    def _heard(self, message):
        if message.type == "error":
            self._complain(message.text, message.location["url"])

    def _complain(self, text, where):
        if not any(text.startswith(noise) and place in where for noise, place in NOISE):
            self.complaints.append(f"{text} ({where})")

    @contextmanager
    def _connecting(self):
        """Load the page, and wait until all cells are there and the kernel listens."""
        with self.page.expect_websocket(lambda socket: "/channels" in socket.url, timeout=LONG):
            yield
            expect(self.cells).to_have_count(len(self.stored().cells), timeout=LONG)
        self._wait()

    def _wait(self):
        """Wait until the kernel has nothing to do."""
        indicator = self.page.locator(".jp-Notebook-ExecutionIndicator")
        expect(indicator).to_have_attribute("data-status", "idle", timeout=LONG)

    def stored(self):
        """The notebook's file as it is now."""
        return nbformat.read(self.server.root / self.name, as_version=4)

    def cell(self, text):
        """The one code cell whose source, in the file, holds this text."""
        cells = self.stored().cells
        (place,) = [i for i, c in enumerate(cells) if c.cell_type == "code" and text in c.source]
        return Cell(self.page, self.cells.nth(place))

    def menu(self, *names):
        """Choose from the menus: a menu, a submenu if any, an entry."""
        entries = self.page.locator("[role=menubar] li, [role=menu] li").filter(visible=True)
        for name in names:
            entries.get_by_text(name, exact=True).click()

    def run_all(self):
        """Run all cells from the menu, and wait for the last one or for an error."""
        last = self.cell([c.source for c in self.stored().cells if c.cell_type == "code"][-1])
        last.forget()
        self.menu("Run", "Run All Cells")
        ended = last.prompt.filter(has_text=NUMBER).or_(self.errors)
        expect(ended.first).to_be_visible(timeout=LONG)

    def restart(self):
        """Restart the kernel from the menu."""
        self.menu("Kernel", "Restart Kernel…")
        with self.page.expect_response(re.compile(r"/api/kernels/.+/restart")):
            self.page.get_by_role("button", name="Confirm Kernel Restart").click()
        self._wait()

    def save(self):
        """Save from the menu."""
        with self.page.expect_response(lambda response: response.request.method == "PUT"):
            self.menu("File", "Save Notebook")

    def reload(self):
        """Load the page again; the kernel runs on."""
        with self._connecting():
            self.page.reload()

    def theme(self, name):
        """Choose a theme: "JupyterLab Light" or "JupyterLab Dark"."""
        self.menu("Settings", "Theme", name)
        light = str(name.endswith("Light")).lower()
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", light)
