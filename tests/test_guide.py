"""The map of the course, and the check of the computer it runs on."""

import importlib.metadata
import json
import platform
import re
from pathlib import Path

import pytest

from coursekit import exercises, guide
from coursekit.exercises import progress

ROOT = Path(guide.__file__).parents[1]
FOLDER = ROOT / "notebooks"


def test_the_map_leads_to_every_notebook_and_tells_its_minutes():
    chapters = guide.chapters(FOLDER)
    rows = guide.course_map(FOLDER).splitlines()[2:]
    for one, row in zip(chapters, rows, strict=True):
        assert (FOLDER / f"{one.name}.ipynb").is_file()
        assert f"[{one.name[:2]} {one.title}]({one.name}.ipynb)" in row
        assert one.question.endswith("?")
        assert 0 < one.minutes[1] < one.minutes[0]
        assert f"| {one.minutes[1]} + {one.minutes[0] - one.minutes[1]} |" in row
        assert one.question in row


def test_what_is_read_first_comes_first():
    for one in guide.chapters(FOLDER):
        for number in filter(None, one.first.split(", ")):
            assert number < one.name[:2]
            assert any(other.name.startswith(number) for other in guide.chapters(FOLDER))


def test_every_exercise_belongs_to_a_notebook():
    sections = [one.section for one in guide.chapters(FOLDER)]
    assert {exercises.get(id).section for id in exercises.ids()} == set(sections)
    assert len(set(sections)) == len(sections)


def test_the_readme_says_the_same():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for one in guide.chapters(FOLDER):
        line = f"| [{one.name[:2]} {one.title}](notebooks/{one.name}.ipynb) | {one.question} |"
        assert line in readme


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    links = re.findall(r"\]\((?!http)(.+?)\)", text)
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_a_notebook_that_begins_otherwise_is_named(tmp_path, monkeypatch):
    with pytest.raises(FileNotFoundError):
        guide.chapters(tmp_path)
    monkeypatch.setattr(guide, "_ABOUT", {"01_gradient_descent": ("?", "", "7.1")})
    cells = {"cells": [{"source": ["# 1 · Title\n", "\n", "an hour"]}]}
    (tmp_path / "01_gradient_descent.ipynb").write_text(json.dumps(cells), encoding="utf-8")
    with pytest.raises(ValueError, match=r"01_gradient_descent\.ipynb must begin with its title"):
        guide.chapters(tmp_path)


def test_here_all_is_well():
    findings = guide.environment()
    assert [str(one)[0] for one in findings] == ["✓"] * 3


def test_another_python_is_told(monkeypatch):
    monkeypatch.setattr(platform, "python_version", lambda: "3.9.2")
    finding = guide.environment()[0]
    assert not finding.well
    assert str(finding).startswith("✗ This is Python 3.9.2, and the course is tested with ")
    assert "make PYTHON=" in finding.text


def test_old_and_missing_packages_are_told(monkeypatch):
    version = importlib.metadata.version

    def other(name):
        if name == "tqdm":
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.26.4" if name == "numpy" else version(name)

    monkeypatch.setattr(importlib.metadata, "version", other)
    texts = [one.text for one in guide.environment() if not one.well]
    assert texts[0].startswith("numpy is 1.26.4, and the course needs >=2.0. ")
    assert texts[1].startswith("tqdm is missing. ")
    assert len(texts) == 2
    assert all(re.search("make lab", text) for text in texts)


def test_a_folder_that_cannot_be_written_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSEKIT_DATA", str(tmp_path / "new" / "folder"))
    assert guide.environment()[-1].well
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(guide.os, "access", lambda place, mode: False)
    assert f"{tmp_path} cannot be written to" in guide.environment()[-1].text

    def homeless():
        raise FileNotFoundError("there is no home folder")

    monkeypatch.setattr(progress, "path", homeless)
    finding = guide.environment()[-1]
    assert not finding.well
    assert "there is no home folder" in finding.text
    assert "COURSEKIT_DATA" in finding.text
