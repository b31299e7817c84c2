"""The board of an open task: kept, merged, moved, cut, and shown."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursekit import check, exercise, exercises
from coursekit.__main__ import main
from coursekit.exercises import boards, cards, progress
from coursekit.exercises.boards import MOST, Attempt, ranked
from coursekit.exercises.capstone import capstone
from coursekit.exercises.core import Outcome
from coursekit.exercises.records import Record, merge, parse, to_text

pytestmark = pytest.mark.usefixtures("data_folder")

LINES = st.builds(
    Attempt,
    accuracy=st.floats(0, 1),
    steps=st.integers(0, 30).map(lambda n: 10 * n),
    setting=st.text(max_size=5),
)
BOARDS = st.lists(LINES, max_size=60).map(ranked)


def some(count):
    return [Attempt(n / 100, 0, f"setting {n}") for n in range(count)]


@given(BOARDS, BOARDS, BOARDS)
def test_boards_merge_in_any_order(one, other, third):
    def both(a, b):
        return merge(Record(board=a), Record(board=b)).board

    assert both(one, other) == both(other, one) == both(both(one, other), other)
    assert both(both(one, other), third) == both(one, both(other, third))
    assert both(one, ()) == one
    assert list(one) == sorted(one, key=lambda a: -a.accuracy)
    assert len(both(one, other)) <= MOST


@given(BOARDS)
def test_a_file_gives_back_the_board(board):
    kept = {"capstone": Record(tries=1, board=board), "valley": Record(tries=2)}
    assert parse(to_text(kept).encode()) == kept
    assert json.loads(to_text(kept))["version"] == (2 if board else 1)  # an older course reads it


@pytest.mark.parametrize(
    "board",
    ["x", [3], [[0.5, 10]], [[0.5, 10, 3]], [[1.5, 10, "a"]], [[0.5, -1, "a"]], [[1, 0, "a"]]],
)
def test_a_damaged_board_sets_the_file_aside(data_folder, board):
    data_folder.mkdir()
    file = {"format": "coursekit progress", "version": 2, "exercises": {"a": {"board": board}}}
    (data_folder / "progress.json").write_text(json.dumps(file))
    with pytest.warns(UserWarning, match=r"It is kept as progress\.damaged-1\.json"):
        assert progress.get("a") == Record()


@pytest.fixture
def quick(monkeypatch):
    """A capstone whose attempts are given: ``quick(accuracy, setting)`` makes one."""

    def attempt(accuracy, setting):
        status = "right" if accuracy > 0.93 else "wrong"
        line = Attempt(accuracy, 100 if status == "right" else 0, setting)
        monkeypatch.setattr(
            type(capstone), "check", lambda self, _: Outcome(self, status, "said", attempt=line)
        )
        return check("capstone", None)

    return attempt


def test_attempts_are_kept_best_first_and_once(quick):
    quick(0.5, "slow")
    quick(0.96, "good <b>")
    panel = quick(0.5, "slow")
    assert [line.setting for line in progress.get("capstone").board] == ["good <b>", "slow"]
    assert progress.get("capstone").tries == 3
    text = repr(panel)
    assert "Your attempts, best first:\n    accuracy  steps  setting\n" in text
    assert "   96.0%    100  good <b>\n" in text
    assert "   50.0%      –  slow  ← this one" in text
    assert "good &lt;b&gt;</td>" in panel._repr_html_()
    assert "good <b>" in repr(exercise("capstone"))  # on another day too


def test_the_latest_attempt_is_marked_wherever_it_stands():
    board = ranked(some(20))
    for latest, place in [(board[2], 2), (board[15], 4)]:
        lines = boards.text(board, 5, latest)[1:]
        assert [n for n, line in enumerate(lines) if line.endswith("← this one")] == [place]
        assert latest.setting in lines[place]
        assert len(lines) == 6  # with "and 15 more"
        assert boards.table(board, 5, latest).count("← this one") == 1
    assert "←" not in "".join(boards.text(board, 5)) + boards.table(board, 5)


def test_a_long_board_is_cut_in_the_card_and_whole_in_the_terminal(quick, capsys):
    assert main(["progress", "--board"]) == 0
    assert capsys.readouterr().out.startswith("there are no attempts yet")
    for line in some(60):
        progress.tried("capstone", "wrong", attempt=line)
    board = progress.get("capstone").board
    assert len(board) == MOST
    assert board[0].accuracy == 0.59
    assert f"and {MOST - 10} more" in repr(exercise("capstone"))
    assert f"</table>and {MOST - 10} more" in boards.table(board, 10)
    assert main(["progress", "--board"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == MOST + 2


def test_a_board_is_moved_merged_and_reset(quick, tmp_path, monkeypatch):
    quick(0.5, "here")
    progress.export(tmp_path / "mine.json")
    monkeypatch.setenv("COURSEKIT_DATA", str(tmp_path / "other"))
    quick(0.6, "there")
    assert progress.import_(tmp_path / "mine.json") == (0, 1, 0)
    assert [a.setting for a in progress.get("capstone").board] == ["there", "here"]
    assert progress.import_(tmp_path / "mine.json") == (0, 0, 1)
    panel = exercise("capstone").ask_reset()
    assert panel.view()["asking"] == "reset"  # an unsolved board is something to lose
    panel.reset()
    assert not progress.get("capstone").board
    assert "attempts" not in repr(exercise("capstone"))


def test_where_nothing_can_be_written_the_board_is_in_memory(quick, data_folder):
    data_folder.write_text("a file in the folder's place")
    with pytest.warns(UserWarning, match="Progress cannot be kept"):
        panel = quick(0.5, "slow")
    assert "slow" in repr(panel)
    assert "better" in repr(quick(0.7, "better"))


def test_only_an_open_task_has_a_board():
    check("gradient-step", exercises.get("gradient-step").function)
    card = cards.Card(exercises.get("valley").check("A"), Record(tries=1))
    assert "attempts" not in card.text() + card.html() + repr(exercise("gradient-step"))
