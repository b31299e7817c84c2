"""The result of a measured claim, as a line that a reader and the course's ledger both can read."""

import html
import re
from dataclasses import dataclass

from coursekit.checks import check_known

VERDICTS = ("holds", "holds if", "misprint", "too strong")
_DIRECTIONS = {True: "the same direction", False: "not the same"}


@dataclass(frozen=True)
class Claim:
    """One statement of the source texts, with what was measured and the verdict on it.

    Where it repeats a paper's experiment, also ``paper`` (with its table or figure), what it
    ``reported``, and whether that is the direction found here (``agrees``).
    """

    id: str
    verdict: str
    statement: str
    measured: str
    condition: str = ""
    paper: str = ""
    reported: str = ""
    agrees: bool = True

    @property
    def judgement(self) -> str:
        """The verdict with its condition, as one phrase."""
        joint = " " if self.verdict == "holds if" else ": "
        return self.verdict + (joint + self.condition if self.condition else "")

    def _rows(self) -> dict[str, str]:
        rows = {"Measured": self.measured, "Verdict": self.judgement}
        if self.paper:
            here = _DIRECTIONS[self.agrees]
            rows["Paper"] = f"{self.paper}, reported: {self.reported} Here: {here}."
        return rows

    def __repr__(self) -> str:
        rows = "".join(f"\n{name}: {text}" for name, text in self._rows().items())
        return f"Claim {self.id}: {self.statement}{rows}"

    def _repr_html_(self) -> str:
        rows = (
            f"<br><strong>{name}:</strong> {html.escape(text)}"
            for name, text in self._rows().items()
        )
        # A blockquote, because JupyterLab and GitHub strip most styles from stored outputs.
        said = f"<strong>Claim {self.id}.</strong> {html.escape(self.statement)}"
        return f"<blockquote>{said}{''.join(rows)}</blockquote>"


def claim(
    id: str,
    verdict: str,
    statement: str,
    measured: str,
    condition: str = "",
    *,
    paper: str = "",
    reported: str = "",
    agrees: bool = True,
) -> Claim:
    """State what a cell has measured and asserted, as the cell's last line.

    ``id``: the claim's number, such as "7.1-b" or "L-c"; ``verdict``: one of "holds", "holds if",
    "misprint", "too strong"; ``condition``: completes "holds if" or says what is true instead.
    ``paper``, ``reported``, ``agrees``: the paper whose experiment this repeats, with its table or
    figure, what came out there, in a sentence, and whether it came out so here.
    """
    if not re.fullmatch(r"(L|7\.\d(\.\d)?)-[a-z]", id):
        raise ValueError(f"id must be a claim's number such as '7.1-b' or 'L-c', got {id!r}")
    check_known("verdict", verdict, VERDICTS)
    if verdict != "holds" and not condition:
        raise ValueError(f"condition must say under what condition, or what is right: {verdict!r}")
    if bool(paper) != bool(reported):
        raise ValueError(f"paper and reported go together, got {paper!r} and {reported!r}")
    if reported and not reported.endswith("."):
        raise ValueError(f"reported must be a sentence, got {reported!r}")
    return Claim(id, verdict, statement, measured, condition, paper, reported, agrees)


def parse(text: str) -> Claim:
    """Return the claim that prints as ``text``; ``ValueError`` for any other text."""
    verdicts = "|".join(sorted(VERDICTS, key=len, reverse=True))
    directions = "|".join(_DIRECTIONS.values())
    found = re.fullmatch(
        r"Claim (?P<id>\S+): (?P<statement>.+)\n"
        r"Measured: (?P<measured>.+)\n"
        rf"Verdict: (?P<verdict>{verdicts})(?:(?:(?<=holds if) |: )(?P<condition>.+))?"
        rf"(?:\nPaper: (?P<paper>.+), reported: (?P<reported>.+) Here: (?P<here>{directions})\.)?",
        text.strip(),
    )
    if not found:
        raise ValueError(f"text must be a claim as it is printed, got {text!r}")
    parts = {name: part or "" for name, part in found.groupdict().items()}
    here = parts.pop("here")
    return Claim(**parts, agrees=here != _DIRECTIONS[False])
