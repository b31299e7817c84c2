"""The colours of a solution's code: readable on a light and on a dark page, and few."""

from typing import ClassVar

from pygments.style import Style
from pygments.token import Comment, Keyword, Name, Number, String, Token, _TokenType


class CodeStyle(Style):
    """A contrast of about 4 to white and to JupyterLab's dark grey; names in the page's colour."""

    background_color = "transparent"
    styles: ClassVar[dict[_TokenType, str]] = {
        Token: "",
        Comment: "italic #767676",
        Keyword: "bold #00875a",
        Name.Function: "#3b7dd8",
        Number: "#b8660b",
        String: "#d6402f",
    }
