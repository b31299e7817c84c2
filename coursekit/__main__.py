"""The command line: ``coursekit figures``, ``coursekit exercises``, ``coursekit progress``."""

import argparse
import os
import sys
import warnings
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from coursekit.checks import check_known

if TYPE_CHECKING:
    from coursekit.exercises.progress import Row


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command: 0 if all is well, 1 if a check found something, 2 for a wrong request."""
    args = _parser().parse_args(argv)
    try:
        code: int = args.command(args)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # whoever was reading, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        _say("interrupted")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="coursekit", description="Tools of the course on training neural networks."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    figures = commands.add_parser("figures", help="draw the textbook's figures")
    figures.set_defaults(command=_figures)
    figures.add_argument("ids", nargs="*", metavar="ID", help="such as 7.3; by default all")
    figures.add_argument(
        "--format", metavar="LIST", help="svg, png or pdf, or several with commas [svg,png]"
    )
    figures.add_argument(
        "--out", metavar="DIR", help="the folder to write to or to check [figures]"
    )
    figures.add_argument(
        "--size",
        choices=("page", "column", "slide"),
        help="7 in; 3.4 in, the panels stacked; or 1920 pixels [page]",
    )
    figures.add_argument(
        "--theme",
        choices=("light", "dark", "grey"),
        help="another size or theme goes into a subfolder of its own [light]",
    )
    figures.add_argument(
        "--check", action="store_true", help="write nothing; list the stale files, if any"
    )

    exercises = commands.add_parser("exercises", help="list the exercises")
    exercises.set_defaults(command=_exercises)

    progress = commands.add_parser("progress", help="show what you have solved; move it, reset it")
    progress.set_defaults(command=_progress)
    one_of = progress.add_mutually_exclusive_group()
    one_of.add_argument("--export", metavar="FILE", help="write your progress to a new file")
    one_of.add_argument("--import", metavar="FILE", dest="import_", help="add a file's progress")
    one_of.add_argument(
        "--reset",
        nargs="*",
        metavar="ID",
        help="forget these exercises, or all; the old progress stays in a file beside",
    )
    one_of.add_argument(
        "--board", action="store_true", help="show your attempts at the capstone, best first"
    )
    progress.add_argument("--yes", action="store_true", help="reset without asking")
    return parser


def _figures(args: argparse.Namespace) -> int:
    # Loaded here: the other commands need no matplotlib.
    from coursekit.figures import registry

    if args.check and (args.format or args.size or args.theme):
        return _refuse("--check looks at the committed files; leave out format, size and theme")
    ids = args.ids or None
    formats = args.format.split(",") if args.format is not None else registry.COMMITTED
    try:
        registry.check_request(ids, formats)
    except ValueError as error:
        return _refuse(str(error))
    size, theme = args.size or "page", args.theme or "light"
    try:
        if args.check:
            found = [*registry.check(ids, args.out), *registry.check_grey(ids)]
        else:
            paths = registry.save(ids, formats, args.out, size, theme)
    except OSError as error:
        return _refuse(f"cannot write to {error.filename or args.out}: {error.strerror or error}")
    if args.check:
        return _report(found)
    for path in paths:
        print(path)
    return 0


def _report(stale: Sequence[tuple[str, str]]) -> int:
    for filename, reason in stale:
        print(f"{filename} {reason}")
    if not stale:
        print("all figures are fresh")
    return 1 if stale else 0


def _exercises(args: argparse.Namespace) -> int:
    from coursekit import exercises

    rows = [("id", "section", "kind", "title")]
    for id in exercises.ids():
        one = exercises.get(id)
        rows.append((one.id, str(one.section), str(one.kind), one.title))
    _print_table(rows)
    return 0


def _print_table(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def _progress(args: argparse.Namespace) -> int:
    if args.yes and args.reset is None:
        return _refuse("--yes goes with --reset")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *_, **__: _say(str(message))
        try:
            return _progress_command(args)
        except BrokenPipeError:
            raise
        except ValueError as error:
            return _refuse(str(error))
        except OSError as error:
            return _refuse(f"{error.filename}: {error.strerror}" if error.strerror else str(error))


def _progress_command(args: argparse.Namespace) -> int:
    from coursekit.exercises import progress

    if args.export is not None:
        print(f"{_exercise_count(progress.export(args.export))} written to {args.export}")
    elif args.import_ is not None:
        new, changed, same = progress.import_(args.import_)
        total = _exercise_count(new + changed + same)
        print(f"{total} read: {new} new, {changed} updated, {same} known already")
    elif args.board:
        _show_boards()
    elif args.reset is not None:
        return _reset(args.reset, sure=args.yes)
    else:
        _show(progress.table())
        print(f"kept in {progress.path()}")
    return 0


def _show(table: Sequence["Row"]) -> None:
    rows = [("id", "section", "kind", "state", "tries", "hints seen")]
    solved, total = Counter[str](), Counter[str]()
    for row in table:
        known = row.section or "-", row.kind or "-"
        rows.append((row.id, *known, row.state, str(row.tries), row.hints))
        solved[row.section] += row.state.startswith("right")
        total[row.section] += 1
    _print_table(rows)
    unknown = total.pop("", 0)
    sections = [(section, f"{solved[section]} of {total[section]}") for section in total]
    everywhere = sum(solved[section] for section in total)
    print()
    _print_table([("section", "solved"), *sections, ("all", f"{everywhere} of {total.total()}")])
    if unknown:
        print(f"unknown to this version of the course: {_exercise_count(unknown)}")


def _show_boards() -> None:
    from coursekit.exercises import boards, progress

    kept = {id: record.board for id, record in progress.everything().items() if record.board}
    if not kept:
        print("there are no attempts yet: the capstone is in notebook 15")
    for id, board in kept.items():
        print(f"{id}:")
        print("\n".join(boards.text(board)))


def _reset(ids: Sequence[str], *, sure: bool) -> int:
    from coursekit import exercises
    from coursekit.exercises import progress

    records = progress.everything()
    for id in ids:
        check_known("exercise", id, list(dict.fromkeys([*exercises.ids(), *records])))
    gone = [record for id, record in records.items() if not ids or id in ids]
    if not gone:
        print("there is nothing to forget")
        return 0
    if not sure:
        if not sys.stdin.isatty():
            return _refuse("--reset asks before it forgets; where nobody can answer, add --yes")
        solved = sum(record.solved for record in gone)
        question = f"Forget {_exercise_count(len(gone))}, {solved} of them solved? [y/N] "
        if not _agreed(question):
            print("nothing is forgotten")
            return 0
    kept = progress.reset(*ids, keep=True)
    print(f"{_exercise_count(len(gone))} forgotten; the old progress is kept in {kept}")
    return 0


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        return False


def _exercise_count(number: int) -> str:
    return f"{number} exercise{'' if number == 1 else 's'}"


def _say(message: str) -> None:
    print(f"coursekit: {message}", file=sys.stderr)


def _refuse(message: str) -> int:
    _say(message)
    return 2


if __name__ == "__main__":
    sys.exit(main())
