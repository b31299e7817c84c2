"""The command line: ``coursekit figures``, ``coursekit exercises``."""

import argparse
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command: 0 if all is well, 1 if a check found something, 2 for a wrong request."""
    args = _parser().parse_args(argv)
    try:
        return args.command(args)
    except KeyboardInterrupt:
        print("coursekit: interrupted", file=sys.stderr)
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
        "--width",
        choices=("page", "column"),
        help="7 in, or 3.4 in with the panels stacked, into a subfolder of its own [page]",
    )
    figures.add_argument(
        "--check", action="store_true", help="write nothing; list the stale files, if any"
    )

    exercises = commands.add_parser("exercises", help="list the exercises")
    exercises.set_defaults(command=_exercises)
    return parser


def _figures(args: argparse.Namespace) -> int:
    # Loaded here: the other commands need no matplotlib.
    from coursekit.figures import registry, style

    if args.check and (args.format or args.width):
        return _refuse("--check looks at the committed formats and width; leave out the others")
    ids = args.ids or None
    formats = args.format.split(",") if args.format is not None else registry.COMMITTED
    width = style.COLUMN if args.width == "column" else style.PAGE
    try:
        registry.check_request(ids, formats)
    except ValueError as error:
        return _refuse(str(error))
    try:
        if args.check:
            return _report(registry.check(ids, args.out))
        paths = registry.save(ids, formats, args.out, width)
    except OSError as error:
        return _refuse(f"cannot write to {error.filename or args.out}: {error.strerror or error}")
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
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())
    return 0


def _refuse(message: str) -> int:
    print(f"coursekit: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
