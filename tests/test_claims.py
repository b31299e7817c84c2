"""Claims: what a measured cell says at its end."""

from dataclasses import replace

import pytest

from coursekit import claim
from coursekit.claims import parse


def test_a_claim_reads_as_text_and_as_html():
    made = claim("7.1-b", "holds if", "A < B.", "3 of 3", condition="n > 0")
    assert repr(made) == "Claim 7.1-b: A < B.\nMeasured: 3 of 3\nVerdict: holds if n > 0"
    assert "A &lt; B." in made._repr_html_()
    assert claim("L-c", "holds", "A.", "1").judgement == "holds"
    assert claim("L-d", "misprint", "A.", "1", "B.").judgement == "misprint: B."


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("7.1", "holds", "A.", "1"), "id must be a claim's number such as '7.1-b' or 'L-c'"),
        (("7.1-a", "hold", "A.", "1"), "unknown verdict 'hold'. Did you mean 'holds'?"),
        (("7.1-a", "too strong", "A.", "1"), "condition must say"),
    ],
)
def test_bad_claims_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        claim(*arguments)


FULL = claim(
    "7.3.2-f",
    "holds if",
    "A: statement | with a bar, and: colons.",
    "9 of 9 pairs.",
    condition="ρ is equal, for η < 1",
    paper="Sutskever et al. 2013, Table 1",
    reported="Nesterov ends lower. By much: a lot.",
    agrees=False,
)


def test_a_papers_experiment_is_told():
    *_, paper = repr(FULL).splitlines()
    assert paper == (
        "Paper: Sutskever et al. 2013, Table 1, reported: Nesterov ends lower. By much: a lot. "
        "Here: not the same."
    )
    assert "<strong>Paper:</strong> Sutskever" in FULL._repr_html_()
    with pytest.raises(ValueError, match="paper and reported go together"):
        claim("7.1-a", "holds", "S.", "M.", paper="Somebody 2001")
    with pytest.raises(ValueError, match="reported must be a sentence"):
        claim("7.1-a", "holds", "S.", "M.", paper="Somebody 2001", reported="better")


@pytest.mark.parametrize(
    "one",
    [
        FULL,
        replace(FULL, agrees=True),
        claim("L-c", "holds", "S.", "M: m."),
        claim("7.1-e", "too strong", "S: s.", "M.", "only there: and so"),
        claim("7.3.3-d", "misprint", "S.", "M.", "g(i)², not g(n)²"),
        claim("7.4-b", "holds if", "S.", "M.", "a, b: c"),
    ],
    ids=lambda one: one.id,
)
def test_what_is_printed_can_be_read_again(one):
    assert parse(repr(one)) == one
    assert parse(repr(one) + "\n") == one


@pytest.mark.parametrize(
    "text", ["", "Claim 7.1-a: S.", "7.1-a", repr(FULL).replace("holds", "is")]
)
def test_another_text_is_refused(text):
    with pytest.raises(ValueError, match="text must be a claim as it is printed"):
        parse(text)
