# %% [markdown]
# # Training neural networks, measured
#
# A surface, a start, and six ways down, two of them switched on. Drag the ring, move a learning rate η,
# add Adam. Before you let go, say what will happen.

# %%
from coursekit.widgets import Descent

Descent(sgd_rate=0.09, momentum=True)

# %% [markdown]
# (If you see a picture without controls: choose *Run All Cells* in the menu *Run*.)
#
# Training a network is walking down such a surface, in a million dimensions, in fog. This course is
# about what goes wrong on the way and about everything that was invented against it: smaller steps,
# momentum, adaptive methods, other units, better starts, normalization. It follows a textbook chapter
# section by section, later a lecture too, and it believes nothing: each of their statements is measured
# by a cell that you can run and change, each figure is computed, and when you answer an exercise wrongly you are told
# *which* mistake it was.
#
# **How it works.** Run a cell with Shift + Enter. Cells under a **✎** are yours: write a function, give a
# number, lock in a prediction, or move the controls until a goal is met, and the answer comes at once.
# Hints come one at a time. No cell depends on your answers, and the course remembers what you have
# solved. All you need is school calculus, matrices, and a little NumPy.
#
# ## The map
#
# Minutes are for reading, plus what the exercises take.

# %% tags=["hide-input"]
from coursekit import guide, ledger

ledger.show(guide.course_map())

# %% [markdown]
# Last, [16, the ledger](16_ledger.ipynb): every claim of both texts with its verdict and its number, the
# misprints, and the experiments of the papers, read out of the notebooks.
#
# ## Three ways through
#
# - **One hour.** [01](01_gradient_descent.ipynb): break a descent with your own hand, and see what a
#   narrow valley costs. Then [03](03_momentum.ipynb): write the momentum step, and mend it.
# - **A weekend.** Saturday: 01, 03, 05, 06, and 07, where the methods race. Sunday: 08, 10, 12, 13, 14,
#   and 15, where thirty layers are yours to train. That is five hours of reading, and eleven with every
#   exercise.
# - **You teach this.** Begin with [the ledger](16_ledger.ipynb): it says which sentences of the usual
#   lecture to change. Take the figures from the
#   [gallery](../figures/README.md), also for slides and dark pages; the
#   playgrounds run in front of a class; each exercise knows the mistakes that students make, and
#   `coursekit exercises` lists them all.
#
# ## Is this computer ready?

# %% tags=["nbval-ignore-output"]
for finding in guide.environment():
    print(finding)

# %% [markdown]
# If a line begins with ✗, it says what to do. And if the controls at the top of this page do not move:
# the file is open in a viewer that shows notebooks without running them. Open it in JupyterLab, with
# `make lab` in the course's folder.
#
# ## Your progress

# %%
from coursekit.widgets import show_progress

show_progress(guide.chapters())

# %% [markdown]
# It is kept on this computer only. `coursekit progress` in a terminal shows it as a table, moves it to
# another computer, and forgets it.
