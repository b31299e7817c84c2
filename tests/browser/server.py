"""A Jupyter server of the tests' own, which sees nobody's settings, files or progress."""

import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
TOKEN = "a-token-of-the-tests"
# Module and path of each application.
APPLICATIONS = {"lab": ("jupyterlab", "lab/tree"), "notebook": ("notebook", "notebooks")}
# Nothing is fetched from elsewhere, and nothing pops up over the notebook.
SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
}

BROWSERS = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
NO_BROWSER = f"no browser on this machine: none of {', '.join(BROWSERS)}"


def browser_path():
    """Where a browser of Chromium's kind is on this machine, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@dataclass(frozen=True)
class Server:
    """A running application, its folder of notebooks, and the folder of its reader's progress."""

    address: str
    root: Path
    progress: Path

    def url(self, name):
        """Where a notebook opens."""
        return f"{self.address}/{name}?token={TOKEN}"


@contextmanager
def running(application, folder):
    """Start an application on copies of the built notebooks; stop it and its kernels at the end."""
    module, path = APPLICATIONS[application]
    root, progress, log = folder / "notebooks", folder / "progress", folder / "server.log"
    root.mkdir()
    for notebook in NOTEBOOKS.glob("*.ipynb"):
        shutil.copy(notebook, root)
    command = [sys.executable, "-m", module, "--no-browser", "--allow-root", "--port=0"]
    command += [f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={root}"]
    environment = _environment(folder) | {"COURSEKIT_DATA": str(progress)}
    with log.open("wb") as said:
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=said, stderr=said)
        try:
            yield Server(_address(process, folder / "runtime", log) + path, root, progress)
        finally:
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _environment(folder):
    """The tests' own environment, with new homes for all that Jupyter remembers."""
    homes = {"HOME": folder / "home", "IPYTHONDIR": folder / "ipython"}
    for kind in ("config", "data", "runtime"):
        homes[f"JUPYTER_{kind.upper()}_DIR"] = folder / kind
    overrides = folder / "config" / "labconfig" / "default_setting_overrides.json"
    for home in (*homes.values(), overrides.parent):
        home.mkdir()
    overrides.write_text(json.dumps(SETTINGS), encoding="utf-8")
    # A cache is no setting, and matplotlib's list of fonts takes seconds to make.
    cache = os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("JUPYTER_")}
    return kept | {key: str(home) for key, home in homes.items()} | {"XDG_CACHE_HOME": str(cache)}


def _address(process, runtime, log):
    """The address that the application has chosen, once it listens there."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        with suppress(ValueError):  # no such file yet, or half of it
            (about,) = runtime.glob("jpserver-*.json")
            return json.loads(about.read_text(encoding="utf-8"))["url"]
        time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{log.read_text(encoding='utf-8')}")
