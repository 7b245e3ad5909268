"""The path of a page; a notebook displays the page itself."""

from __future__ import annotations

import html
from pathlib import Path

INLINE = 16 * 2**20  # bytes of a page that a notebook may contain; a larger one is loaded from its file
HEIGHT = 720  # pixels


class Page(type(Path())):  # type: ignore[misc]
    """A path like any other, except that a notebook displays an HTML file's contents in a frame.

    A page that is one file is embedded in the notebook, which can then be read without the file.
    """

    def _repr_html_(self) -> str | None:
        if self.suffix.lower() not in (".html", ".htm") or not self.is_file():
            return None
        source = f'src="{html.escape(self._relative())}"'
        if self.name != "index.html" and self.stat().st_size <= INLINE:
            source = f'srcdoc="{html.escape(self.read_text(encoding="utf-8"))}"'
        frame = f'<iframe {source} width="100%" height="{HEIGHT}" style="border: 1px solid #ccc"></iframe>'
        return f"{frame}\n<div>{html.escape(str(self))}</div>"

    def _relative(self) -> str:
        """The path relative to the current folder, which is the notebook's: its server sees only files below it."""
        here = Path().absolute()
        path = self.absolute()
        return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.as_posix()
