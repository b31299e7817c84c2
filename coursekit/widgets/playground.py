"""What all playgrounds share: a state of plain values, controls that change it, and a frame of it.

    class Ball(Playground):
        def controls(self): ...
        def frame(self): ...

Everything is computed here in Python; the page only draws. Without widgets, in a stored notebook,
``static.py`` draws the same frame as a picture.
"""

from __future__ import annotations

import math
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Self

from coursekit.checks import check_count, check_known, check_number, unknown
from coursekit.widgets.scene import Frame, Handle, Points, View


@dataclass(frozen=True)
class Control:
    """What the reader operates: ``name`` is its place in the state, ``color`` its owner's role."""

    kind: ClassVar[str]
    name: str
    label: str
    color: str = field(default="", kw_only=True)

    def check(self, value: Any) -> Any:
        """Return a value as it is kept; ``ValueError`` for what the control does not allow."""
        raise NotImplementedError

    def plain(self) -> dict[str, Any]:
        """The control as values that travel."""
        return {"kind": self.kind, **asdict(self)}

    def of(self, owner: str) -> Self:
        """The control with the name and the colour of what it belongs to."""
        return replace(self, label=f"{owner} {self.label}", color=owner)


@dataclass(frozen=True)
class Slider(Control):
    """A number between ``low`` and ``high``; with ``log`` equal ways are equal factors.

    ``step``: 0 for any number to three digits, 1 for whole ones. ``play``: a button beside it lets
    it run from its lower end up to where it stands.
    """

    kind = "slider"
    low: float
    high: float
    log: bool = False
    step: float = 0.0
    play: bool = False

    def check(self, value: Any) -> Any:
        """Return the number; ``ValueError`` outside the range."""
        if self.step == 1:
            check_count(self.name, value)
        check_number(self.name, value, at_least=self.low, at_most=self.high)
        return int(value) if self.step == 1 else float(value)


@dataclass(frozen=True)
class Choice(Control):
    """One of several options."""

    kind = "choice"
    options: tuple[str, ...]

    def check(self, value: Any) -> Any:
        """Return the option; ``ValueError`` lists the known ones."""
        return check_known(self.name, value, self.options)


@dataclass(frozen=True)
class Toggle(Control):
    """On or off."""

    kind = "toggle"

    def check(self, value: Any) -> Any:
        """Return True or False."""
        if not isinstance(value, bool):
            raise ValueError(f"{self.name} must be True or False, got {value!r}")
        return value


@dataclass(frozen=True)
class Button(Control):
    """Something to press: the playground's ``press(name)`` does it."""

    kind = "button"


# A goal measures a state: whether it is met, and what was measured, in words.
Goal = Callable[[Mapping[str, Any]], tuple[bool, str]]


class Playground:
    """A live picture. ``state``: all that it depends on, by name, as plain values.

    A subclass names its ``defaults``, and gives ``controls``, ``frame`` and a static ``alt`` text.
    Keyword arguments set the state; ``ValueError`` for what a control does not allow.
    """

    title: ClassVar[str] = ""
    alt: ClassVar[str] = ""
    defaults: ClassVar[dict[str, Any]] = {}

    def __init__(self, **state: Any) -> None:
        for name in state:
            if name not in self.defaults:
                raise unknown(f"setting of {type(self).__name__}", name, list(self.defaults))
        self.state: dict[str, Any] = dict(self.defaults)
        # Which controls there are may depend on what is chosen: that is checked first.
        chosen = [c.name for c in self.controls() if isinstance(c, Choice | Toggle)]
        self.state |= self._checked({name: state[name] for name in chosen if name in state})
        self.state |= state
        self.state |= self._checked(state)
        self.start = dict(self.state)
        self.goal: Goal | None = None
        self.free: frozenset[str] | None = None  # what the reader may move; None is everything
        self.on_frame: Callable[[Frame], None] | None = None  # hears of every frame that was sent
        self._widget: Any = None

    def controls(self) -> Sequence[Control]:
        """The controls as the state has them."""
        raise NotImplementedError

    def frame(self) -> Frame:
        """What is seen in this state: computed from it alone."""
        raise NotImplementedError

    def check_setting(self, name: str, value: Any) -> Any:
        """Return a setting that has no control as it is kept; a point of the plane by default."""
        return point(name, value)

    def only(self, *names: str) -> Self:
        """Let the reader move these settings and press these buttons alone; return itself."""
        self.free = frozenset(names)
        return self

    def offered(self) -> list[Control]:
        """The controls that the reader has."""
        return [control for control in self.controls() if self._is_free(control.name)]

    def shown(self) -> Frame:
        """The frame with the goal, if there is one, and the handles that the reader has."""
        frame = self.frame()
        if self.free is not None:
            frame = replace(frame, views={k: self._held(v) for k, v in frame.views.items()})
        if self.goal is None:
            return frame
        met, text = self.goal(self.state)
        return replace(frame, goal=text, met=met)

    def move(self, **changes: Any) -> None:
        """Change some of the state, as a control or a handle does; all of it, or nothing."""
        fixed = [name for name in changes if not self._is_free(name)]
        if fixed:
            raise ValueError(
                f"{fixed[0]} is fixed here; what may be moved: {', '.join(sorted(self.free or ()))}"
            )
        self.state |= self._checked(changes)

    def press(self, name: str) -> None:
        """Do what a button says; "reset" goes back to the start."""
        if name == "reset":
            self.state = dict(self.start)
        else:
            raise unknown("button", name, ["reset"])

    def code(self) -> str:
        """The line that makes this playground again, in exactly this state."""
        return self.literal(self.state)

    def literal(self, state: Mapping[str, Any]) -> str:
        """The call that makes a playground in this state."""
        settings = ", ".join(f"{name}={value!r}" for name, value in state.items())
        return f"{type(self).__name__}({settings})"

    def __repr__(self) -> str:
        return self.code()

    def widget(self) -> Any:
        """The live widget of this playground."""
        from coursekit.widgets.canvas import Canvas

        return Canvas(self)

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """Live where widgets work, else a picture of the state, else the line of code."""
        from coursekit.widgets.bundle import view_of
        from coursekit.widgets.static import png

        if self._widget is None:
            self._widget = self.widget()
        bundle = view_of(self._widget)
        frame = self.shown()
        bundle["text/plain"] = "\n".join([self.code(), *frame.readout])
        return bundle | {"image/png": b64encode(png(frame)).decode()}

    def _checked(self, changes: dict[str, Any]) -> dict[str, Any]:
        known = {c.name: c for c in self.controls() if not isinstance(c, Button)}
        checked = {}
        for name, value in changes.items():
            if name in known:
                checked[name] = known[name].check(value)
            elif name in self.defaults:
                checked[name] = self.check_setting(name, value)
            else:
                raise unknown("setting", name, list(self.defaults))
        return checked

    def _is_free(self, name: str) -> bool:
        return self.free is None or name in self.free

    def _held(self, view: View) -> View:
        """The view with a mark in the place of each handle that the reader does not have."""
        items = [
            Points([item.at], item.color, size=5.0)
            if isinstance(item, Handle) and not self._is_free(item.name)
            else item
            for item in view.items
        ]
        return replace(view, items=items)


def point(name: str, value: Any) -> tuple[float, float]:
    """Return a finite point of the plane."""
    try:
        x, y = (float(part) for part in value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be a point (x, y), got {value!r}") from None
    if not (math.isfinite(x) and math.isfinite(y)):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return x, y
