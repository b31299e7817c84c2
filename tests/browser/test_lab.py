"""The course in JupyterLab 4."""

from browser.scenes import Scenes


class TestJupyterLab(Scenes):
    application = "lab"
