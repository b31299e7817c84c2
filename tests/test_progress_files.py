"""Progress files: damaged, newer, moved, merged, reset; nothing in them is ever lost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit.exercises import progress, records
from coursekit.exercises.records import Record, merge, parse, to_text

ID = "gradient-step"
pytestmark = pytest.mark.usefixtures("data_folder")


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


# Files that are no progress.

GOOD = {"tries": 2, "solved": True, "last": "right"}
BROKEN = {
    "empty": b"",
    "cut": to_text({ID: Record(tries=1)}).encode()[:-20],
    "binary": b"\x00\xff\xfe",
    "deep": b"[" * 100_000,
    "list": b"[]",
    "other": b'{"format": "something else"}',
    "unversioned": b'{"format": "coursekit progress", "exercises": {}}',
    "version 0": b'{"format": "coursekit progress", "version": 0, "exercises": {}}',
    "no exercises": b'{"format": "coursekit progress", "version": 1}',
}
for number, fields in enumerate(
    [
        [],
        GOOD | {"tries": -1},
        GOOD | {"tries": 1.5},
        GOOD | {"tries": True},
        GOOD | {"hints": "2"},
        GOOD | {"solved": 1},
        GOOD | {"last": "perhaps"},
        GOOD | {"first": None},
        GOOD | {"stars": 5},
    ]
):
    text = {"format": "coursekit progress", "version": 1, "exercises": {"a": GOOD, ID: fields}}
    BROKEN[f"fields {number}"] = json.dumps(text).encode()
NEWER = b'{"format": "coursekit progress", "version": 3, "exercises": [["a", 5]]}'


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_damaged_file_is_set_aside(data_folder, content):
    data_folder.mkdir()
    (data_folder / "progress.json").write_bytes(content)
    with pytest.warns(UserWarning, match=r"It is kept as progress\.damaged-1\.json"):
        assert progress.get(ID) == Record()
    assert (data_folder / "progress.damaged-1.json").read_bytes() == content
    assert progress.tried(ID, "right").tries == 1
    assert names(data_folder) == ["progress.damaged-1.json", "progress.json"]


def test_a_file_of_a_newer_version_is_set_aside_under_its_own_name(data_folder):
    data_folder.mkdir()
    (data_folder / "progress.json").write_bytes(NEWER)
    with pytest.warns(UserWarning, match="written by a newer version of the course"):
        progress.tried(ID, "right")
    assert (data_folder / "progress.newer-1.json").read_bytes() == NEWER
    assert progress.get(ID).tries == 1


def test_what_was_set_aside_before_is_never_overwritten(data_folder):
    data_folder.mkdir()
    for number, content in enumerate([b"first", b"second", b"third"], start=1):
        (data_folder / "progress.json").write_bytes(content)
        with pytest.warns(UserWarning, match=f"damaged-{number}"):
            progress.tried(ID, "right")
        assert (data_folder / f"progress.damaged-{number}.json").read_bytes() == content
    assert len(names(data_folder)) == 4


def test_a_file_that_another_kernel_mended_meanwhile_is_left_alone(data_folder, monkeypatch):
    data_folder.mkdir()
    place = data_folder / "progress.json"
    place.write_bytes(b"damaged")
    held = progress._locked

    def mended_first(path):
        place.write_text(to_text({ID: Record(tries=4)}))
        return held(path)

    monkeypatch.setattr(progress, "_locked", mended_first)
    assert progress.get(ID).tries == 4
    assert names(data_folder) == ["progress.json"]


# Moving and resetting.


def test_reset_of_all_keeps_the_old_file_beside(data_folder):
    assert progress.reset() is None
    for number in (1, 2):
        before = progress.tried(ID, "right")
        kept = progress.reset()
        assert kept == data_folder / f"progress.before-reset-{number}.json"
        assert parse(kept.read_bytes()) == {ID: before}
        assert progress.everything() == {}
    progress.import_(kept)
    assert progress.get(ID) == before


def test_reset_of_some(data_folder):
    for id in ("a", "b", "c"):
        progress.tried(id, "right")
    assert progress.reset("a", "unheard-of") is None
    assert set(progress.everything()) == {"b", "c"}
    kept = progress.reset("b", keep=True)
    assert set(parse(kept.read_bytes())) == {"b", "c"}
    assert set(progress.everything()) == {"c"}


def test_moved_to_another_machine_and_back(tmp_path, monkeypatch):
    file = tmp_path / "mine.json"
    monkeypatch.setattr(progress, "_now", lambda: "2025-01-01T00:00:00Z")
    progress.tried("a", "wrong")
    progress.tried("b", "right")
    mine = progress.everything()
    assert progress.export(file) == 2
    with pytest.raises(FileExistsError, match="path must be a new file"):
        progress.export(file)
    assert progress.import_(file) == (0, 0, 2)

    monkeypatch.setenv("COURSEKIT_DATA", str(tmp_path / "other machine"))
    progress.tried("a", "right")
    progress.tried("a", "right")
    progress.tried("c", "right")
    assert progress.import_(str(file)) == (1, 0, 1)
    assert progress.get("a").tries == 2
    assert progress.get("b") == mine["b"]
    assert progress.import_(file) == (0, 0, 2)

    both = progress.everything()
    progress.export(tmp_path / "both.json")
    monkeypatch.setenv("COURSEKIT_DATA", str(tmp_path / "data"))
    assert progress.import_(tmp_path / "both.json") == (1, 1, 1)
    assert progress.everything() == both


@pytest.mark.parametrize("content", [*BROKEN.values(), NEWER])
def test_a_wrong_file_is_not_imported(tmp_path, data_folder, content):
    before = progress.tried(ID, "wrong")
    (tmp_path / "wrong.json").write_bytes(content)
    with pytest.raises(ValueError, match=r"path must be a file written by export, but .*wrong"):
        progress.import_(tmp_path / "wrong.json")
    assert progress.everything() == {ID: before}
    assert names(data_folder) == ["progress.json"]
    assert (tmp_path / "wrong.json").read_bytes() == content


def test_an_import_that_cannot_be_stored_says_so(tmp_path, monkeypatch):
    file = tmp_path / "mine.json"
    file.write_text(to_text({ID: Record(tries=1)}))
    with pytest.raises(FileNotFoundError):
        progress.import_(tmp_path / "nothing.json")
    (tmp_path / "data").write_text("a file in the folder's place")
    with pytest.raises(OSError):
        progress.import_(file)


TIMES = st.sampled_from(["", "2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z"])
RECORDS = st.builds(
    Record,
    tries=st.integers(0, 5),
    hints=st.integers(0, 3),
    solution=st.booleans(),
    solved=st.booleans(),
    helped=st.booleans(),
    last=st.sampled_from(["", *records.STATUSES]),
    answer=st.none() | st.sampled_from(["A", "B", 0.5, [1, 2]]),
    first=TIMES,
    updated=TIMES,
)


@given(RECORDS, RECORDS)
def test_merging_is_the_same_both_ways_and_twice(one, other):
    both = merge(one, other)
    assert both == merge(other, one)
    assert both == merge(both, one) == merge(both, other) == merge(both, both)
    assert merge(one, Record()) == one
    assert both.tries == max(one.tries, other.tries)
    order = ["not attempted", "wrong", "right with help", "right"]
    assert order.index(both.state) == max(order.index(r.state) for r in (one, other))


@given(st.dictionaries(st.text(min_size=1), RECORDS, max_size=4))
def test_a_file_gives_back_what_was_written(all_):
    assert parse(to_text(all_).encode()) == all_


def test_the_later_answer_counts():
    early = Record(answer="A", last="wrong", updated="2025-01-01T00:00:00Z")
    late = Record(answer="B", last="right", updated="2025-06-01T00:00:00Z")
    assert merge(late, early) == late
    assert merge(early, Record(updated=late.updated)).answer == "A"
