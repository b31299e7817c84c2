"""The gallery page: every figure once, with links that lead somewhere."""

import re
from pathlib import Path

from coursekit import figures
from coursekit.figures import gallery, registry

FOLDER = Path(figures.__file__).parents[2] / "figures"
PAGE = (FOLDER / gallery.FILENAME).read_text(encoding="utf-8")


def test_it_shows_every_figure_in_order_with_its_words():
    assert re.findall(r"^## Figure (.+)$", PAGE, re.MULTILINE) == figures.ids()
    for one in map(figures.get, figures.ids()):
        assert f"\n{one.caption}\n" in PAGE
        assert f"`coursekit figures {one.id}`" in PAGE
    assert PAGE.count(' alt="') == PAGE.count("<summary>In words</summary>") == len(figures.ids())


def test_its_links_lead_somewhere():
    links = {*re.findall(r"\]\((.+?)\)", PAGE), *re.findall(r'(?:href|src)="(.+?)"', PAGE)}
    assert len(links) > 2 * len(figures.ids())
    for link in links:
        assert (FOLDER / link).is_file(), link


def test_every_figure_names_the_notebook_that_explains_it():
    entries = PAGE.split("\n## ")[1:]
    assert all(re.search(r"^Notebook \[\d\d\]", entry, re.MULTILINE) for entry in entries)
    shown = next(entry for entry in entries if entry.startswith("Figure 7.3"))
    assert "Notebook [01](../notebooks/01_gradient_descent.ipynb) (again in [03]" in shown


def test_check_sees_a_page_that_is_old(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(registry, "checkout", lambda: tmp_path)
    monkeypatch.setattr(registry, "_in_order", lambda: ["7.1"])
    *_, page = figures.save(out=tmp_path / "figures", progress=False)
    assert page.name == "README.md"
    assert figures.check() == []
    page.write_text(page.read_text(encoding="utf-8") + "more", encoding="utf-8")
    assert figures.check() == [("README.md", "is not the page that would be written now")]
    assert len(figures.save(out=tmp_path / "elsewhere", progress=False)) == 2  # no page there
