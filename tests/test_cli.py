"""The command line, called as a function and once as a program."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from coursekit import exercises, figures
from coursekit.__main__ import main
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


def test_widths_and_default_folder(tmp_path, monkeypatch, capsys):
    checkout = Path(figures.__file__).parents[2] / "figures"
    assert registry.default_folder() == checkout
    assert registry.default_folder(3.4).parent == checkout  # never over the committed files
    monkeypatch.setattr(registry, "__file__", str(tmp_path / "a" / "b" / "registry.py"))
    monkeypatch.chdir(tmp_path)
    assert main(["figures", "7.1", "--format", "svg"]) == 0
    assert main(["figures", "7.1", "--format", "svg", "--width", "column"]) == 0
    page = (tmp_path / "figures" / "fig-7-01-gradient-descent.svg").read_text()
    narrow = (tmp_path / "figures" / "width-3.4in" / "fig-7-01-gradient-descent.svg").read_text()
    assert 'width="504pt"' in page
    assert 'width="244.8pt"' in narrow
    assert main(["figures", "7.1", "--check"]) == 1  # the png was not written


def test_all_figures_by_default(tmp_path, monkeypatch, capsys):
    asked = []
    monkeypatch.setattr(registry, "save", lambda ids, *rest: asked.append((ids, *rest)) or [])
    assert main(["figures"]) == 0
    assert asked == [(None, registry.COMMITTED, None, 7.0)]


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
        (["--check", "--format", "png"], "--check looks at the committed formats"),
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


def test_as_a_program():
    run = [sys.executable, "-m", "coursekit", "figures", "7.77"]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("coursekit: unknown figure '7.77'")
    assert not done.stdout
    with pytest.raises(SystemExit) as bare:
        main([])
    assert bare.value.code == 2
