"""The course in Notebook 7."""

from browser.scenes import Scenes


class TestNotebook7(Scenes):
    application = "notebook"
