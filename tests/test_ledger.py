"""The ledger: what the notebooks' cells say, and nothing typed twice."""

import json
from pathlib import Path

import pytest

from coursekit import claim, ledger

ONE = claim("7.1-b", "holds if", "A | b < c costs $1.", "3 of 3.", condition="n > 0")


def notebook(*cells):
    """A small notebook's text, with a title."""
    head = {"cell_type": "markdown", "source": ["# 3 · Momentum\n", "\n", "text"], "metadata": {}}
    return json.dumps({"cells": [head, *cells]})


def measured(*claims, tag="claim-7.1-b"):
    """A cell that measures claims, as it is stored."""
    printed = [{"name": "stdout", "text": "noise"}]
    printed += [{"data": {"text/plain": repr(one).splitlines(keepends=True)}} for one in claims]
    return {"source": [], "metadata": {"tags": [tag]}, "id": "claim-7-1-b", "outputs": printed}


def test_it_reads_what_the_cells_printed(tmp_path):
    other = {"source": [], "metadata": {}, "id": "x", "outputs": [{"data": {"text/plain": ["1"]}}]}
    (tmp_path / "03_momentum.ipynb").write_text(notebook(other, measured(ONE)), encoding="utf-8")
    (tmp_path / "notes.ipynb").write_text("the reader's own", encoding="utf-8")
    (entry,) = ledger.read(tmp_path)
    assert entry.claim == ONE
    assert entry.link == "[7.1-b](03_momentum.ipynb#cell-id=claim-7-1-b)"
    assert entry.chapter == "[3 · Momentum](03_momentum.ipynb)"


def test_a_cell_that_was_not_run_is_named(tmp_path):
    (tmp_path / "03_momentum.ipynb").write_text(notebook(measured()), encoding="utf-8")
    with pytest.raises(ValueError, match=r"03_momentum\.ipynb: run the cell of claim-7\.1-b first"):
        ledger.read(tmp_path)
    with pytest.raises(FileNotFoundError, match="folder must hold the notebooks of the course"):
        ledger.read(tmp_path / "none")


def test_a_table_is_safe_markdown():
    entry = ledger.Entry(ONE, "03_momentum", "3 · Momentum", "claim-7-1-b")
    text = ledger.table(
        [entry],
        id=lambda e: e.link,
        as_printed=lambda e: e.claim.statement,
        empty=lambda e: "a*b*c",
    )
    assert text.splitlines() == [
        "| id | as printed | empty |",
        "| --- | --- | --- |",
        "| [7.1-b](03_momentum.ipynb#cell-id=claim-7-1-b) "
        "| A \\| b &lt; c costs \\$1. | a\\*b\\*c |",
    ]


def test_every_claim_of_the_course_can_be_read():
    entries = ledger.read(Path(ledger.__file__).parents[1] / "notebooks")
    ids = [entry.claim.id for entry in entries]
    assert len(ids) == len(set(ids)) > 60
    for entry in entries:
        assert entry.cell == "claim-" + entry.claim.id.replace(".", "-")


def test_it_shows_markdown_and_text(monkeypatch):
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda data, **kw: shown.append((data, kw)))
    assert ledger.show("| a |") is None
    assert shown == [({"text/markdown": "| a |", "text/plain": "| a |"}, {"raw": True})]
