"""Directives that list a chapter's exercises, or their solutions: `{exercises} 3` and `{solutions} 3`."""

from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx

from minicnn.exercises import EXERCISES, Exercise


class Exercises(Directive):
    """The tasks of a chapter."""

    required_arguments = 1
    kind = "exercise"

    def run(self) -> list[nodes.Node]:
        chosen = [e for number, e in EXERCISES.items() if number.startswith(f"{self.arguments[0]}.")]
        if not chosen:
            raise self.error(f"there are no exercises of chapter {self.arguments[0]}")
        return [self.section(e) for e in chosen]

    def section(self, exercise: Exercise) -> nodes.section:
        title = f"{exercise.number} {exercise.title}"
        name = f"{self.kind}-{exercise.number.replace('.', '-')}"
        section = nodes.section("", nodes.title(title, title), *self.body(exercise), ids=[name], names=[name])
        self.state.document.note_explicit_target(section, section)
        return section

    def body(self, exercise: Exercise) -> list[nodes.Node]:
        signature = exercise.stub.partition("import minicnn as cnn")[2].partition("    raise NotImplementedError")[0]
        return [python(f"{signature.strip()}\n    ...")]


class Solutions(Exercises):
    """The solutions of a chapter."""

    kind = "solution"

    def body(self, exercise: Exercise) -> list[nodes.Node]:
        return [python(exercise.code.partition("import minicnn as cnn")[2].strip())]


def python(code: str) -> nodes.literal_block:
    return nodes.literal_block(code, code, language="python")


def setup(app: Sphinx) -> dict:
    app.add_directive("exercises", Exercises)
    app.add_directive("solutions", Solutions)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
