"""The atlas: one self-contained HTML page that shows what a network has learned.

Each section is a module here, which turns a subject into plain data and images, and a template and a script of the
same name in `templates/`, which display them. The package is not called `atlas` because `viz.atlas` is the function.
"""

from .build import atlas

__all__ = ["atlas"]
