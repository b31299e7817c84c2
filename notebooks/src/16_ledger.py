# %% [markdown]
# # 16 · The ledger
#
# *All sections · about 20 minutes*
#
# Two texts are followed in this course: a textbook chapter ("the book") and a lecture on what stands
# in the way of learning. Here is every statement of theirs that was put to the test, with the number
# that came out. Nothing on this page is typed: the cells below read the notebooks as they were last
# run and saved, so if you run a notebook again and save it, this page tells what *you* measured. Each
# claim's number leads to the cell that measures it.
#
# A verdict is one of four:
#
# - **holds**: as it stands there;
# - **holds if**: under a condition, which is named;
# - **too strong**: something narrower is true, which is named;
# - **misprint**: the formula or number as printed is wrong; the right one is named, and the printed one
#   was run to see what harm it does.

# %%
# %config InlineBackend.figure_formats = ["retina"]
import matplotlib.pyplot as plt

from coursekit import ledger
from coursekit.claims import VERDICTS
from coursekit.figures import style

entries = ledger.read()


def judged(*verdicts):
    """The entries with one of these verdicts."""
    return [entry for entry in entries if entry.claim.verdict in verdicts]


# %% [markdown]
# ## At a glance

# %% tags=["hide-input"]
chapters = list(dict.fromkeys(entry.title for entry in entries))
colors = {"holds": style.UP, "holds if": "#8FBFA3", "too strong": "#D9A441", "misprint": style.DOWN}
with style.context():
    fig, ax = plt.subplots(figsize=(7, 0.25 * len(chapters) + 0.6), layout="constrained")
    for row, title in enumerate(chapters):
        place = 0
        for verdict in VERDICTS[:2] + VERDICTS[:1:-1]:
            here = [entry.claim for entry in judged(verdict) if entry.title == title]
            ax.barh(row, len(here), left=place, color=colors[verdict], edgecolor=style.PAPER)
            if here:
                ink = style.PAPER if verdict in ("holds", "misprint") else style.INK
                middle = place + len(here) / 2
                ax.text(middle, row, len(here), color=ink, ha="center", va="center", fontsize=8)
            place += len(here)
    ax.set_yticks(range(len(chapters)), chapters)
    ax.invert_yaxis()
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(length=0, labelbottom=False)
    bars = [plt.Rectangle((0, 0), 1, 1, color=color) for color in colors.values()]
    fig.legend(bars, colors, loc="outside upper center", ncols=4, frameon=False)
    plt.show()

# %%
counts = {verdict: len(judged(verdict)) for verdict in colors}
assert max(counts, key=counts.get) == "holds if"
assert min(counts, key=counts.get) == "misprint"
shares = ", ".join(f"**{count}** {verdict}" for verdict, count in counts.items())
ledger.show(f"{len(entries)} claims were measured: {shares}.")

# %% [markdown]
# The rarest verdict is that something printed is wrong, and then it is a formula with a slip of the pen.
# The most frequent one is "holds if". What a text leaves out is the condition, and the condition decides
# whether the advice is of use to you.
#
# ## The misprints
#
# What stands there, what should stand there, and what happens to those who run it as it stands.

# %%
ledger.show(
    ledger.table(
        judged("misprint"),
        number=lambda entry: entry.link,
        as_printed=lambda entry: entry.claim.statement,
        right=lambda entry: entry.claim.condition,
        measured=lambda entry: entry.claim.measured,
    )
)

# %% [markdown]
# ## What was too strong
#
# Statements that are repeated in many places, and what is left of them.

# %%
ledger.show(
    ledger.table(
        judged("too strong"),
        number=lambda entry: entry.link,
        it_says=lambda entry: entry.claim.statement,
        it_is=lambda entry: entry.claim.condition,
        measured=lambda entry: entry.claim.measured,
    )
)

# %% [markdown]
# ## The papers' experiments, in small
#
# Where the texts rest on a paper, its experiment was repeated, on smaller networks and on the data that
# comes with the course. The numbers cannot be the paper's. The direction can.

# %%
ledger.show(
    ledger.table(
        [entry for entry in entries if entry.claim.paper],
        number=lambda entry: entry.link,
        paper=lambda entry: entry.claim.paper,
        reported=lambda entry: entry.claim.reported,
        measured_here=lambda entry: entry.claim.measured,
        same_direction=lambda entry: "yes" if entry.claim.agrees else "no",
    )
)

# %% [markdown]
# ## Every claim, in the order of the course

# %%
for chapter in dict.fromkeys(entry.chapter for entry in entries):
    rows = [entry for entry in entries if entry.chapter == chapter]
    claims = ledger.table(
        rows,
        number=lambda entry: entry.link,
        statement=lambda entry: entry.claim.statement,
        measured=lambda entry: entry.claim.measured,
        verdict=lambda entry: entry.claim.judgement,
    )
    ledger.show(f"### {chapter}\n\n{claims}")
