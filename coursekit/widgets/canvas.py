"""The live side of a playground: one anywidget that draws frames and sends moves back.

Moves and frames are custom messages: a synced trait would allow some 18 frames a second only.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from coursekit.widgets.scene import COLOURS, RAMPS, encode

if TYPE_CHECKING:
    from coursekit.widgets.playground import Playground

_HERE = Path(__file__).parent


class Canvas(anywidget.AnyWidget):
    """Draws a playground's frames in the notebook."""

    _esm = _HERE / "canvas.js"
    _css = _HERE / "canvas.css"
    title = traitlets.Unicode().tag(sync=True)
    look = traitlets.Dict().tag(sync=True)

    def __init__(self, playground: Playground) -> None:
        look = {"colours": COLOURS, "ramps": RAMPS, "alt": playground.alt}
        # The title invites to all that can be moved; an exercise leaves some, and says which.
        title = playground.title if playground.free is None else ""
        super().__init__(title=title, look=look)
        self.playground = playground
        self._known: dict[str, str] = {}  # keys of the backgrounds that the page has
        self._controls: Any = None
        self.on_msg(lambda _, content, __: self.receive(content))

    def __repr__(self) -> str:
        return f"Canvas({self.playground!r})"

    def receive(self, content: Mapping[str, Any]) -> None:
        """Answer one message of the page: a frame for each, or the error in words."""
        try:
            if content["type"] == "hello":  # a new page, which knows nothing
                self._known, self._controls = {}, None
            elif content["type"] == "move":
                self.playground.move(**content["changes"])
            elif content["type"] == "press":
                self.playground.press(content["name"])
            self._show(content.get("seq", 0))
        except Exception as error:
            # The page says so, and the kernel's log has the rest: nothing fails in silence.
            self.send({"type": "error", "seq": content.get("seq", 0), "text": str(error)})
            raise

    def refresh(self) -> None:
        """Show what the playground's state has become by code."""
        self._show(0)

    def _show(self, seq: Any) -> None:
        playground = self.playground
        frame = playground.shown()
        content, buffers = encode(frame, self._known)
        controls = [control.plain() for control in playground.offered()]
        if controls != self._controls:
            content["controls"] = controls
        content |= {"type": "frame", "seq": seq, "state": playground.state}
        self.send(content | {"code": playground.code()}, buffers)
        self._known = {name: view.key for name, view in frame.views.items()}
        self._controls = controls
        if playground.on_frame:
            playground.on_frame(frame)
