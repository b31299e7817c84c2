"""The command line, called as a function and once as a program."""

import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from coursekit import exercises, figures
from coursekit.__main__ import main
from coursekit.exercises import progress
from coursekit.exercises.records import to_text
from coursekit.figures import compare, registry


def test_figures_writes_and_tells(tmp_path, capsys):
    folder = tmp_path / "new" / "folder"
    assert main(["figures", "7.1", "7.1", "--format", "svg,pdf", "--out", str(folder)]) == 0
    out, err = capsys.readouterr()
    names = ["fig-7-01-gradient-descent.svg", "fig-7-01-gradient-descent.pdf"]
    assert out.split() == [str(folder / name) for name in names]
    assert "2/2" in err
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    assert (folder / names[1]).read_bytes().startswith(b"%PDF")


def test_sizes_themes_and_default_folder(tmp_path, monkeypatch, capsys):
    checkout = Path(figures.__file__).parents[2] / "figures"
    assert registry.default_folder() == checkout
    for size, theme in [("column", "light"), (5, "light"), ("page", "dark")]:
        assert registry.default_folder(size, theme).parent == checkout  # not the committed files
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "a" / "b" / "registry.py"))
    monkeypatch.chdir(tmp_path)
    assert main(["figures", "7.1", "--format", "svg"]) == 0
    assert main(["figures", "7.1", "--format", "svg", "--size", "column"]) == 0
    assert main(["figures", "7.1", "--format", "png", "--size", "slide", "--theme", "dark"]) == 0
    page = (tmp_path / "figures" / "fig-7-01-gradient-descent.svg").read_text()
    narrow = (tmp_path / "figures" / "column-light" / "fig-7-01-gradient-descent.svg").read_text()
    slide = tmp_path / "figures" / "slide-dark" / "fig-7-01-gradient-descent.png"
    assert 'width="504pt"' in page
    assert 'width="244.8pt"' in narrow
    with Image.open(slide) as picture:
        assert picture.width == 1920
        assert max(picture.convert("RGB").getpixel((0, 0))) < 40
    assert main(["figures", "7.1", "--check"]) == 1  # the png was not written


def test_all_figures_by_default(tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(registry, "save", lambda ids, *rest: asked.append((ids, *rest)) or [])
    assert main(["figures"]) == 0
    assert asked == [(None, registry.COMMITTED, None, "page", "light")]


def test_check(tmp_path, capsys):
    figures.save("7.1", out=tmp_path, progress=False)
    assert main(["figures", "7.1", "--check", "--out", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "all figures are fresh\n"
    (tmp_path / "fig-7-01-gradient-descent.png").unlink()
    assert main(["figures", "7.1", "--check", "--out", str(tmp_path)]) == 1
    assert capsys.readouterr().out == "fig-7-01-gradient-descent.png is missing\n"
    assert len(list(tmp_path.iterdir())) == 1


# What --check forgives, and what not: another machine draws the last digits a little differently.
SVG = (
    b'<use id="m0123456789" x="10.125" y="3e-2"/><path d="M 1 -2.5 L .5 7"/><g clip-path="url(#'
    b'p5555555555)"/><image xlink:href="data:image/png;base64,AAAA"/>'
)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"10.125", b"10.135", ""),
        (b"10.125", b"10.15", "has a number that moved by 0.025"),
        (b"-2.5", b"2.5", "has a number that moved by 5"),
        (b"5555555555", b"aaaaaaaaaa", ""),
        (b"p5555555555", b"m0123456789", "has a number that moved by 1"),  # another shape's id
        (b"base64,AAAA", b"base64,BB/+", ""),
        (b" L .5 7", b"", "has other shapes or other text"),
        (b"<path", b"<\xff", "cannot be read as svg"),
    ],
)
def test_svg_differences(old, new, reason):
    assert compare.difference("svg", SVG.replace(old, new), SVG) == reason


def png_of(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, "png")
    return buffer.getvalue()


def test_png_differences():
    page = np.full((70, 90, 3), 250)
    noisy = page - np.random.default_rng(0).integers(0, 4, page.shape)
    digit = page.copy()
    digit[30:38, 40:42] = 30  # the one stroke by which a 1 differs from nothing
    assert compare.difference("png", png_of(page), png_of(noisy)) == ""
    assert compare.difference("png", png_of(page), png_of(digit)).startswith("looks different")
    wider = compare.difference("png", png_of(page), png_of(page[:, :80]))
    assert wider == "is 90×70 pixels, drawn 80×70"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["7.1", "9.9"], "unknown figure '9.9'"),
        (["--format", "svg,bmp"], "unknown format 'bmp'. Known: svg, png, pdf"),
        (["--format", ""], "unknown format ''"),
        (["--check", "--format", "png"], "--check looks at the committed files"),
    ],
)
def test_wrong_requests_write_nothing(tmp_path, capsys, arguments, message):
    out = tmp_path / "new"
    assert main(["figures", *arguments, "--out", str(out)]) == 2
    assert message in capsys.readouterr().err
    assert not out.exists()


def test_a_file_for_a_folder(tmp_path, capsys):
    (tmp_path / "file").touch()
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        assert main(["figures", "7.1", "--out", str(out)]) == 2
        err = capsys.readouterr().err
        assert err.startswith(f"coursekit: cannot write to {tmp_path}")
        assert err.count("\n") == 1


def test_interrupted(monkeypatch, capsys):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(registry, "save", interrupt)
    assert main(["figures"]) == 130
    assert capsys.readouterr().err == "coursekit: interrupted\n"


def test_exercises(capsys):
    assert main(["exercises"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["id", "section", "kind", "title"]
    assert [row.split()[0] for row in rows] == exercises.ids()
    for row in rows:
        one = exercises.get(row.split()[0])
        assert row.split(maxsplit=3) == [one.id, one.section, one.kind, one.title]


# Progress.


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def some(data_folder):
    """Progress of three exercises, one of which this version of the course does not know."""
    progress.saw_hint("gradient-step", 2)
    progress.tried("gradient-step", "right")
    progress.tried("stable-rate", "wrong", 0.3)
    progress.tried("of-another-version", "right")
    return data_folder


def table_of(out):
    """The lines of a printed table as cells, if its columns line up."""
    lines = out.splitlines()
    starts = [m.start() for m in re.finditer(r"(?<=  )\S|^\S", lines[0])]
    assert all(line[i - 2 : i].isspace() for line in lines for i in starts[1:])
    ends = [*starts[1:], None]
    return [[line[i:j].strip() for i, j in zip(starts, ends, strict=True)] for line in lines]


def test_progress(some, capsys):
    assert main(["progress"]) == 0
    exercises_, sections = capsys.readouterr().out.split("\n\n")
    head, *rows = table_of(exercises_)
    assert head == ["id", "section", "kind", "state", "tries", "hints seen"]
    assert rows == [
        [r.id, r.section or "-", r.kind or "-", r.state, str(r.tries), r.hints]
        for r in progress.table()
    ]
    assert rows[0][3:] == ["right with help", "1", "2 of 3"]
    *sections, unknown, place = sections.splitlines()
    first, *_, last = table_of("\n".join(sections))[1:]
    in_section = [e for e in map(exercises.get, exercises.ids()) if e.section == "7.1"]
    assert first == ["7.1", f"1 of {len(in_section)}"]
    assert last == ["all", f"1 of {len(exercises.ids())}"]
    assert unknown == "unknown to this version of the course: 1 exercise"
    assert place == f"kept in {some / 'progress.json'}"


def test_progress_before_the_first_try(data_folder, capsys):
    assert main(["progress"]) == 0
    out = capsys.readouterr().out
    assert re.search(rf"^all +0 of {len(exercises.ids())}\nkept in", out, re.MULTILINE)
    assert not data_folder.exists()


def test_progress_moves(some, tmp_path, monkeypatch, capsys):
    file = str(tmp_path / "mine.json")
    before = progress.everything()
    assert main(["progress", "--export", file]) == 0
    assert main(["progress", "--import", file]) == 0
    monkeypatch.setenv("COURSEKIT_DATA", str(tmp_path / "other"))
    progress.tried("stable-rate", "wrong")
    assert main(["progress", "--import", file]) == 0
    assert progress.get("gradient-step") == before["gradient-step"]
    assert capsys.readouterr().out.splitlines() == [
        f"3 exercises written to {file}",
        "3 exercises read: 0 new, 0 updated, 3 known already",
        "3 exercises read: 2 new, 1 updated, 0 known already",
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--export", "full.txt"], "path must be a new file, full.txt exists already"),
        (["--export", "no/where.json"], "no/where.json: No such file or directory"),
        (["--import", "nothing.json"], "nothing.json: No such file or directory"),
        (["--import", "full.txt"], "but full.txt is not a whole JSON file"),
        (["--reset"], "where nobody can answer, add --yes"),
        (["--reset", "gradient-stop", "--yes"], "Did you mean 'gradient-step'?"),
        (["--yes"], "--yes goes with --reset"),
    ],
)
def test_wrong_requests_change_no_progress(some, tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "full.txt").write_text("some text")
    before = (some / "progress.json").read_bytes()
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert main(["progress", *arguments]) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert not out
    assert (some / "progress.json").read_bytes() == before
    assert (tmp_path / "full.txt").read_text() == "some text"


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "what\n"])
def test_a_reset_that_is_not_agreed_to(some, monkeypatch, capsys, answer):
    before = progress.everything()
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert main(["progress", "--reset"]) == 0
    asked = "Forget 3 exercises, 2 of them solved? [y/N] nothing is forgotten\n"
    assert capsys.readouterr().out == asked
    assert progress.everything() == before


def test_reset_keeps_the_old_progress_beside(some, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert main(["progress", "--reset", "gradient-step", "valley"]) == 0
    assert set(progress.everything()) == {"stable-rate", "of-another-version"}
    assert main(["progress", "--reset", "--yes"]) == 0
    assert progress.everything() == {}
    assert main(["progress", "--reset"]) == 0
    old = [some / f"progress.before-reset-{number}.json" for number in (1, 2)]
    assert capsys.readouterr().out.splitlines() == [
        "Forget 1 exercise, 1 of them solved? [y/N] "
        f"1 exercise forgotten; the old progress is kept in {old[0]}",
        f"2 exercises forgotten; the old progress is kept in {old[1]}",
        "there is nothing to forget",
    ]
    assert all(path.is_file() for path in old)


def test_a_damaged_file_is_told_in_one_line(data_folder, capsys):
    data_folder.mkdir()
    (data_folder / "progress.json").write_text("{")
    assert main(["progress"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"coursekit: {data_folder / 'progress.json'} is not a whole JSON file.")


def test_no_folder_for_progress(data_folder, tmp_path, capsys):
    data_folder.write_text("a file in the folder's place")
    (tmp_path / "mine.json").write_text(to_text({"valley": progress.Record(tries=1)}))
    assert main(["progress", "--import", str(tmp_path / "mine.json")]) == 2
    assert str(data_folder) in capsys.readouterr().err


def test_as_a_program():
    run = [sys.executable, "-m", "coursekit", "figures", "7.77"]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("coursekit: unknown figure '7.77'")
    assert not done.stdout
    with pytest.raises(SystemExit) as bare:
        main([])
    assert bare.value.code == 2


def test_a_reader_who_has_enough_is_no_error():
    run = [sys.executable, "-m", "coursekit", "progress"]
    with subprocess.Popen(run, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()  # as head does after its lines
        assert process.stderr.read() == b""
    assert process.returncode == 1
