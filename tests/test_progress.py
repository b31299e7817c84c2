"""Progress: what is counted, what is kept whatever happens, and how two halves become one."""

import errno
import json
import os
import signal
import subprocess
import sys
import typing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import platformdirs
import pytest
from filelock import FileLock

from coursekit import exercises
from coursekit.exercises import core, progress, records
from coursekit.exercises.records import Record, parse

ID = "gradient-step"


pytestmark = pytest.mark.usefixtures("data_folder")


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


# What is counted.


def test_states():
    assert progress.get(ID) == Record()
    assert progress.get(ID).state == "not attempted"
    assert progress.tried(ID, "not attempted") == Record()
    assert progress.everything() == {}
    assert progress.tried(ID, "raised").state == "wrong"
    assert progress.tried(ID, "wrong").state == "wrong"
    done = progress.tried(ID, "right")
    assert done.state == "right"
    assert (done.tries, done.last, done.solved, done.helped) == (3, "right", True, False)
    assert progress.get(ID) == done


def test_solved_stays_solved_and_later_help_is_no_help():
    progress.tried(ID, "right")
    progress.tried(ID, "wrong")
    progress.saw_hint(ID, 1)
    record = progress.saw_solution(ID)
    assert record.state == "right"
    assert (record.tries, record.last, record.hints, record.solution) == (2, "wrong", 1, True)


@pytest.mark.parametrize(
    "look", [lambda: progress.saw_hint(ID, 2), lambda: progress.saw_solution(ID)]
)
def test_what_is_solved_after_a_hint_or_the_solution_is_solved_with_help(look):
    assert look().state == "not attempted"
    assert progress.tried(ID, "right").state == "right with help"


def test_the_highest_hint_counts():
    assert [progress.saw_hint(ID, n).hints for n in (2, 1, 3)] == [2, 2, 3]


def test_times_are_of_the_first_and_the_last_change(monkeypatch):
    first = progress.tried(ID, "wrong")
    assert first.first == first.updated
    assert abs(datetime.now(UTC) - datetime.fromisoformat(first.first)) < timedelta(hours=1)
    monkeypatch.setattr(progress, "_now", lambda: "9999-12-31T23:59:59Z")
    then = progress.tried(ID, "wrong")
    assert (then.first, then.updated) == (first.first, "9999-12-31T23:59:59Z")


def test_looking_again_writes_nothing(data_folder):
    progress.saw_hint(ID, 1)
    before = (data_folder / "progress.json").stat()
    progress.saw_hint(ID, 1)
    progress.tried(ID, "not attempted")
    after = (data_folder / "progress.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("B", "B"),
        (0.25, 0.25),
        (np.float32(0.25), 0.25),
        (np.int64(3), 3),
        (np.array([1, 2]), [1, 2]),
        ({"rate": [0.5, None]}, {"rate": [0.5, None]}),
        (False, False),
    ],
)
def test_an_answer_comes_back_as_a_plain_value(answer, kept):
    progress.tried(ID, "right", answer)
    back = progress.get(ID).answer
    assert back == kept
    assert type(back) is type(kept)
    assert progress.tried(ID, "wrong").answer == kept  # a try without an answer keeps it


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: progress.tried(ID, "solved"), "unknown status 'solved'"),
        (lambda: progress.tried("", "right"), "id must be the id of an exercise, got ''"),
        (lambda: progress.get(None), "id must be the id of an exercise, got None"),
        (lambda: progress.reset(ID, 7), "id must be the id of an exercise, got 7"),
        (lambda: progress.saw_hint(ID, 0), "number must be a whole number, at least 1, got 0"),
        (lambda: progress.tried(ID, "right", float("nan")), "answer must be finite numbers"),
        (lambda: progress.tried(ID, "right", {1}), "answer must be finite numbers"),
    ],
)
def test_bad_input_is_refused_and_changes_nothing(call, words):
    before = progress.tried(ID, "wrong")
    with pytest.raises(ValueError, match=words):
        call()
    assert progress.everything() == {ID: before}


def test_the_statuses_are_those_of_an_outcome():
    assert set(records.STATUSES) == set(typing.get_args(core.Status))


# Where it is kept.


def test_the_folder_is_the_readers_or_the_one_that_is_named(monkeypatch, tmp_path):
    assert progress.path() == tmp_path / "data" / "progress.json"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSEKIT_DATA", "here")
    assert progress.path() == tmp_path / "here" / "progress.json"
    monkeypatch.setenv("COURSEKIT_DATA", "~/x")
    assert progress.path() == Path.home() / "x" / "progress.json"
    monkeypatch.setenv("COURSEKIT_DATA", "")
    usual = platformdirs.user_data_path("coursekit", appauthor=False)
    assert progress.path() == usual / "progress.json"


def test_the_whole_test_run_leaves_the_readers_own_progress_alone(monkeypatch):
    monkeypatch.undo()
    assert Path(os.environ["COURSEKIT_DATA"]).name.startswith("coursekit-tests-")


def test_the_file_says_what_it_is(data_folder):
    progress.tried(ID, "wrong")
    whole = json.loads((data_folder / "progress.json").read_text())
    assert (whole["format"], whole["version"]) == ("coursekit progress", 1)
    assert set(whole["exercises"][ID]) == {"tries", "last", "first", "updated"}


def test_ids_that_the_course_does_not_know_are_kept(data_folder):
    progress.tried("of-another-version", "right")
    progress.tried(ID, "wrong")
    progress.reset(ID)
    assert list(progress.everything()) == ["of-another-version"]


# Two kernels at once.

HAMMER = """
import sys
from coursekit.exercises import progress
for _ in range(int(sys.argv[1])):
    progress.tried("gradient-step", "wrong")
    progress.tried(sys.argv[2], "right")
"""


def hammer(times, own):
    command = [sys.executable, "-W", "error", "-c", HAMMER, str(times), own]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_two_processes_lose_no_try(data_folder):
    running = [hammer(60, own) for own in ("one", "other")]
    for process in running:
        assert process.communicate()[1] == ""
    assert {id: r.tries for id, r in progress.everything().items()} == {
        ID: 120,
        "one": 60,
        "other": 60,
    }
    assert names(data_folder) == ["progress.json"]


def test_a_killed_process_leaves_a_whole_file_and_no_lock():
    process = hammer(100_000, "one")
    while progress.get(ID).tries < 5:
        assert process.poll() is None
    process.send_signal(getattr(signal, "SIGKILL", signal.SIGTERM))
    process.communicate()
    tries = progress.get(ID).tries
    assert progress.tried(ID, "wrong").tries == tries + 1


# Where nothing can be written.


def test_without_a_folder_one_warning_and_the_course_works_on(tmp_path, monkeypatch):
    (tmp_path / "data").write_text("a file in the folder's place")
    with pytest.warns(UserWarning, match="Progress cannot be kept in .*data") as caught:
        progress.tried(ID, "wrong")
    assert len(caught) == 1
    progress.saw_hint(ID, 1)  # a second warning would be an error here
    assert progress.tried(ID, "right").tries == 2
    assert progress.get(ID).state == "right with help"
    progress.reset(ID)
    assert progress.get(ID) == Record()
    progress.tried(ID, "wrong")
    # As soon as there is a folder, everything is stored, in order and once.
    monkeypatch.setenv("COURSEKIT_DATA", str(tmp_path / "other"))
    progress.tried("other", "right")
    monkeypatch.setattr(progress, "_waiting", [])
    assert {id: r.tries for id, r in progress.everything().items()} == {ID: 1, "other": 1}


def test_a_full_disk_keeps_what_was_there(data_folder, monkeypatch):
    progress.tried(ID, "wrong")
    content = (data_folder / "progress.json").read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.warns(UserWarning, match="No space left on device"):
        assert progress.tried(ID, "right").tries == 2
    assert progress.get(ID).state == "right"
    assert (data_folder / "progress.json").read_bytes() == content
    with pytest.raises(OSError):
        progress.reset()
    assert progress.get(ID).tries == 2
    assert names(data_folder) == ["progress.json"]


@pytest.mark.parametrize("find", [Path("~/.local/share/coursekit"), RuntimeError("no home")])
def test_without_a_home_one_warning(monkeypatch, tmp_path, find):
    def user_data_path(*_, **__):
        if isinstance(find, Exception):
            raise find
        return find

    monkeypatch.delenv("COURSEKIT_DATA")
    monkeypatch.setattr(platformdirs, "user_data_path", user_data_path)
    monkeypatch.chdir(tmp_path)
    with pytest.warns(UserWarning, match="cannot be kept: there is no home folder"):
        assert progress.tried(ID, "right").state == "right"
    assert progress.get(ID).state == "right"
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_read_is_not_replaced(data_folder, tmp_path):
    (data_folder / "progress.json").mkdir(parents=True)  # as unreadable as one of another user
    with pytest.warns(UserWarning, match="cannot be kept"):
        assert progress.tried(ID, "right").tries == 1
    assert (data_folder / "progress.json").is_dir()
    with pytest.raises(OSError):
        progress.export(tmp_path / "nothing.json")
    assert not (tmp_path / "nothing.json").exists()


def test_a_file_system_without_locks(monkeypatch, data_folder):
    def none(*_, **__):
        raise NotImplementedError("no flock here")

    monkeypatch.setattr(FileLock, "acquire", none)
    with pytest.warns(UserWarning, match="no flock here"):
        assert progress.tried(ID, "right").tries == 1


def test_a_stuck_lock_stops_no_cell_and_what_waited_is_stored_later(data_folder, monkeypatch):
    monkeypatch.setattr(progress, "_PATIENCE", 0.05)
    progress.tried(ID, "wrong")
    with FileLock(data_folder / "progress.lock"):
        with pytest.warns(UserWarning, match=r"progress\.lock.*could not be acquired"):
            assert progress.tried(ID, "wrong").tries == 2
        assert progress.tried(ID, "wrong").tries == 3
        assert progress.get(ID).tries == 3
        assert parse((data_folder / "progress.json").read_bytes())[ID].tries == 1
    assert progress.tried(ID, "wrong").tries == 4
    assert parse((data_folder / "progress.json").read_bytes())[ID].tries == 4


# The table.


def test_the_table_has_every_exercise_and_then_the_unknown_ids():
    progress.saw_hint(ID, 2)
    progress.tried(ID, "right")
    progress.saw_solution("saddle-escape")
    progress.tried("of-another-version", "wrong")
    table = progress.table()
    assert [row.id for row in table] == [*exercises.ids(), "of-another-version"]
    rows = {row.id: row for row in table}
    hints = len(exercises.get(ID).hints)
    assert rows[ID] == (ID, "7.1", "code", "right with help", 1, f"2 of {hints}")
    assert rows["saddle-escape"][3:] == ("not attempted", 0, "solution")
    assert rows["of-another-version"][1:] == ("", "", "wrong", 1, "0")
