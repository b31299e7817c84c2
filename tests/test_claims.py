"""Claims: what a measured cell says at its end."""

import pytest

from coursekit import claim


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
