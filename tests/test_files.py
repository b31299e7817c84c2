"""Files written whole: what a reader meets, and what an interruption leaves."""

import errno
import os
import threading
from pathlib import Path

import pytest

from coursekit import files
from coursekit.files import write_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_text_and_bytes_arrive_as_they_are(tmp_path):
    write_whole(tmp_path / "text", "η = 0.1\r\nρ = 0.9\n")
    assert (tmp_path / "text").read_bytes() == "η = 0.1\r\nρ = 0.9\n".encode()
    write_whole(tmp_path / "bytes", b"\x00\xff")
    assert (tmp_path / "bytes").read_bytes() == b"\x00\xff"
    write_whole(tmp_path / "bytes", "")
    assert (tmp_path / "bytes").read_bytes() == b""
    assert names(tmp_path) == ["bytes", "text"]


def test_the_file_is_as_open_to_others_as_any_new_file(tmp_path):
    (tmp_path / "usual").touch()
    write_whole(tmp_path / "whole", "text")
    assert (tmp_path / "whole").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("stop", [OSError(errno.ENOSPC, "disk full"), KeyboardInterrupt()])
def test_what_is_interrupted_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, stop):
    def interrupt(number):
        raise stop

    path = tmp_path / "file"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(type(stop)) as caught:
        write_whole(path, "new")
    assert getattr(caught.value, "filename", str(path)) == str(path)
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_what_a_killed_process_left_goes_with_a_later_writing(tmp_path):
    left, young, others = (
        f".{name}.tmp" for name in ("[a].01234567", "[a].89abcdef", "b.01234567")
    )
    for name in (left, young, others):
        (tmp_path / name).write_text("half")
    for name in (left, others):
        os.utime(tmp_path / name, (0, 0))
    write_whole(tmp_path / "[a]", "whole")
    assert names(tmp_path) == sorted(["[a]", young, others])


def test_a_read_only_folder_names_the_file_that_was_asked_for(tmp_path, monkeypatch):
    def refuse(self, *arguments, **options):
        raise OSError(errno.EROFS, "Read-only file system", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(OSError) as caught:
        write_whole(tmp_path / "file", "new")
    assert caught.value.filename == str(tmp_path / "file")


def test_an_error_names_the_file_that_was_asked_for(tmp_path):
    path = tmp_path / "nowhere" / "file"
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(path, "new")
    assert caught.value.filename == str(path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError) as caught:
        write_whole(tmp_path / "folder", "new")
    assert (caught.value.filename, caught.value.filename2) == (str(tmp_path / "folder"), None)
    assert names(tmp_path) == ["folder"]


@pytest.mark.parametrize("times", [1, 3, 4])
def test_a_file_that_somebody_has_open_on_windows_is_tried_again(tmp_path, monkeypatch, times):
    refused, replace = [], Path.replace

    def refuse(self, target):
        if len(refused) < times:
            refused.append(target)
            raise PermissionError(errno.EACCES, "in use", str(self), None, str(target))
        return replace(self, target)

    monkeypatch.setattr(files, "_WAITS", (0, 0, 0))
    monkeypatch.setattr(Path, "replace", refuse)
    path = tmp_path / "file"
    if times <= 3:
        write_whole(path, "new")
        assert path.read_text() == "new"
    else:
        with pytest.raises(PermissionError, match="file"):
            write_whole(path, "new")
        assert not list(tmp_path.iterdir())


def test_a_reader_meets_one_content_or_the_other(tmp_path):
    path = tmp_path / "file"
    contents = [b"a" * 300_000, b"b" * 200_000]
    write_whole(path, contents[0])
    writing = threading.Thread(
        target=lambda: [write_whole(path, contents[i % 2]) for i in range(60)]
    )
    writing.start()
    seen = set()
    while writing.is_alive():
        seen.add(path.read_bytes())
    writing.join()
    assert seen <= set(contents)
