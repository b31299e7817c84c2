"""What the tests of the playgrounds share: a small one, a page to talk to, pixels to look at."""

from typing import ClassVar

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb

from coursekit.widgets.playground import Button, Choice, Playground, Slider, Toggle
from coursekit.widgets.scene import Frame, Handle, Image, Panel, Path, Points, View, encode
from coursekit.widgets.static import png


def drawn(figure):
    """The pixels of a figure, (rows, columns, 3), from 0 to 1."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255


def of_colour(pixels, color):
    """Where the pixels have a colour, but for the edges of what is drawn in it."""
    return np.abs(pixels - to_rgb(color)).max(axis=-1) < 0.1


class Toy(Playground):
    """A point of the plane and a number, with a control of each kind."""

    title = "A toy"
    alt = "One point."
    defaults: ClassVar = {
        "place": (0.25, 0.5),
        "rate": 0.1,
        "steps": 3,
        "ground": "plain",
        "twice": False,
        "more": 1.0,
    }

    def controls(self):
        return [
            Slider("rate", "η", 1e-3, 1.0, log=True),
            Slider("steps", "Steps", 1, 10, step=1, play=True),
            Choice("ground", "Ground", ("plain", "shaded")),
            Toggle("twice", "Twice", color="SGD"),
            *([Slider("more", "More", 0.0, 2.0)] if self.state["twice"] else []),
            Button("zero", "To zero"),
        ]

    def check_setting(self, name, value):
        if name == "more":
            return Slider("more", "More", 0.0, 2.0).check(value)
        return super().check_setting(name, value)

    def press(self, name):
        if name == "zero":
            self.move(place=(0.0, 0.0))
        else:
            super().press(name)

    def frame(self):
        x, y = self.state["place"]
        if x > 9:
            raise ArithmeticError("too far to the right")
        line = Path(np.array([(0.0, 0.0), (x, y)]), "SGD")
        back = [Image(np.eye(2))] if self.state["ground"] == "shaded" else []
        plane = View(Panel("plane"), [line, Handle("place", (x, y))], back, self.state["ground"])
        views = {"plane": plane}
        if self.state["twice"]:
            views["second"] = View(Panel("second"), [Points([(x, y)])], [Image([[1.0]])], "one")
        return Frame(views, [f"at {x}"])


class Listener:
    """The other side of a canvas: what was sent to the page, and the page's own messages."""

    def __init__(self, canvas):
        self.canvas, self.heard = canvas, []
        canvas.send = lambda content, buffers=None: self.heard.append((content, buffers))

    def says(self, **content):
        """Send a message as the page does, and return the answer."""
        data = {"method": "custom", "content": content}
        self.canvas._handle_msg({"content": {"data": data}, "buffers": []})
        return self.heard[-1][0]


def unpacked(packed, buffers):
    """An array as the page gets it."""
    return np.frombuffer(buffers[packed["buffer"]], np.float32).reshape(packed["shape"])


def check_drawing_and_code(playground):
    """A state is drawn the same twice, stays as it was, has a picture, comes back from its code."""
    before = dict(playground.state)
    one, other = (encode(playground.frame()) for _ in range(2))
    assert one[0] == other[0]
    assert [bytes(b) for b in one[1]] == [bytes(b) for b in other[1]]
    assert playground.state == before
    kind = type(playground)
    assert eval(playground.code(), {kind.__name__: kind}).state == before
    assert png(playground.frame()).startswith(b"\x89PNG")
