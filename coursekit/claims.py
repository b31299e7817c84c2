"""The result of a measured claim, as a line that a reader and the course's ledger both can read."""

import html
import re
from dataclasses import dataclass

from coursekit.checks import check_known

VERDICTS = ("holds", "holds if", "misprint", "too strong")


@dataclass(frozen=True)
class Claim:
    """One statement of the source texts, with what was measured and the verdict on it."""

    id: str
    verdict: str
    statement: str
    measured: str
    condition: str = ""

    @property
    def judgement(self) -> str:
        """The verdict with its condition, as one phrase."""
        joint = " " if self.verdict == "holds if" else ": "
        return self.verdict + (joint + self.condition if self.condition else "")

    def __repr__(self) -> str:
        return (
            f"Claim {self.id}: {self.statement}\n"
            f"Measured: {self.measured}\n"
            f"Verdict: {self.judgement}"
        )

    def _repr_html_(self) -> str:
        said, seen, judged = map(html.escape, (self.statement, self.measured, self.judgement))
        # A blockquote, because JupyterLab and GitHub strip most styles from stored outputs.
        return (
            f"<blockquote><strong>Claim {self.id}.</strong> {said}<br>"
            f"<strong>Measured:</strong> {seen}<br>"
            f"<strong>Verdict:</strong> {judged}</blockquote>"
        )


def claim(id: str, verdict: str, statement: str, measured: str, condition: str = "") -> Claim:
    """State what a cell has measured and asserted, as the cell's last line.

    ``id``: the claim's number, such as "7.1-b" or "L-c"; ``verdict``: one of "holds", "holds if",
    "misprint", "too strong"; ``condition``: completes "holds if" or says what is true instead.
    """
    if not re.fullmatch(r"(L|7\.\d(\.\d)?)-[a-z]", id):
        raise ValueError(f"id must be a claim's number such as '7.1-b' or 'L-c', got {id!r}")
    check_known("verdict", verdict, VERDICTS)
    if verdict != "holds" and not condition:
        raise ValueError(f"condition must say under what condition, or what is right: {verdict!r}")
    return Claim(id, verdict, statement, measured, condition)
