"""The atlas: one self-contained HTML page that shows what a network has learned.

A section is one module here, which turns a subject into plain data and images, and one template and one script of
the same name in `templates/`, which show them. This package is not called `atlas`, because `viz.atlas` is the function.
"""

from .build import atlas

__all__ = ["atlas"]
