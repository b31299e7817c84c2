"""A browser, an application and an open notebook for each class of tests.

Without a browser the tests skip and say so; where the variable CI is set, that is a failure.
"""

import os
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from browser.page import NotebookPage
from browser.server import NO_BROWSER, browser_path, running

expect.set_options(timeout=20_000)  # ms; a busy machine is no bug


@pytest.fixture(scope="class")
def chromium():
    path = browser_path()
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_BROWSER)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


@pytest.fixture(scope="class")
def notebook(request, chromium, tmp_path_factory):
    """Notebook 01, open in the class's application, with its imports done."""
    folder = tmp_path_factory.mktemp(request.cls.application)
    with running(request.cls.application, folder) as server:
        context = chromium.new_context(
            viewport={"width": 1280, "height": 900},
            permissions=["clipboard-read", "clipboard-write"],
        )
        opened = NotebookPage(context.new_page(), server, "01_gradient_descent.ipynb")
        opened.cell("import numpy as np").run()
        yield opened
        context.close()


@pytest.fixture(autouse=True)
def no_progress_before_and_no_complaints_after(notebook):
    shutil.rmtree(notebook.server.progress, ignore_errors=True)
    yield
    complaints, notebook.complaints[:] = list(notebook.complaints), []
    assert not complaints


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Take a picture of the page when a test fails on it."""
    report = yield
    if report.when == "call" and report.failed and "notebook" in item.funcargs:
        opened = item.funcargs["notebook"]
        path = opened.server.root.parent / f"{item.name}.png"
        opened.page.screenshot(path=path)
        report.sections.append(("The page as it was", str(path)))
    return report
