"""The tool bar below an exercise's card: the one part of a panel that needs a widget."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import anywidget
import traitlets

if TYPE_CHECKING:
    from coursekit.widgets.panel import Panel

_HERE = Path(__file__).parent


class Bar(anywidget.AnyWidget):
    """Shows what ``panel.view()`` says and hands on what the reader does.

    Each act is one message that carries its own value. The usual text fields and buttons send two,
    and with a busy kernel the button's arrives before the field's last change.
    """

    _esm = _HERE / "bar.js"
    _css = _HERE / "bar.css"
    view = traitlets.Dict().tag(sync=True)

    def __init__(self, panel: Panel) -> None:
        super().__init__(view=panel.view())
        self.on_msg(lambda _, content, __: panel.receive(content["act"], content.get("value", "")))

    def __repr__(self) -> str:
        return f"Bar({self.view['title']!r})"
