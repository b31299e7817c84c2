"""How a widget is put into an output beside its text or picture."""

from typing import Any

import anywidget


def view_of(widget: anywidget.AnyWidget) -> dict[str, Any]:
    """The part of a mime bundle that shows the widget, for a page that can."""
    bundle, _ = widget._repr_mimebundle_() or ({}, {})
    return {kind: data for kind, data in bundle.items() if "widget-view" in kind}
