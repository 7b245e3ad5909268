"""The command line: `minicnn demo`, `minicnn train mnist`, ….

One command, one file: its docstring and EXAMPLES are its manual, `add_arguments` declares its arguments, `run` runs it.
Nothing heavy is imported before a command runs, so that `--help` is fast.
"""

from __future__ import annotations

import argparse
import codecs
import io
import os
import shlex
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from . import atlas, attack, demo, dream, evaluate, explain, export, import_, info, look, predict, style, summary, train

COMMANDS = (demo, train, evaluate, predict, look, explain, attack, dream, style, atlas, summary, import_, export, info)

DESCRIPTION = "Convolutional networks from scratch: train one, test it, ask it what it sees."

EXAMPLES = """\
examples:
  minicnn demo                               learn ten kinds of clothing, and see how
  minicnn train mnist --epochs 5 --out runs/digits
  minicnn evaluate runs/digits mnist
  minicnn predict runs/digits digit.png
  minicnn explain runs/digits digit.png
  minicnn atlas runs/digits --data mnist     a page of all it has learned
  minicnn summary resnet18

`minicnn COMMAND --help` is the manual of each. An error is one line, and exit status 2."""


IN_ASCII = "minicnn-in-ascii"  # how characters are replaced that the encoding of a terminal or file lacks
SPELLED = str.maketrans({"×": "x", "…": "...", "−": "-", "–": "-", "─": "-", "█": "#", "·": ".", "→": "->", "½": "1/2"})


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    spelled = error.object[error.start : error.end].translate(SPELLED)
    return spelled.encode("ascii", "replace").decode("ascii"), error.end


codecs.register_error(IN_ASCII, _in_ascii)


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, printed by `main`, like all others."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"{message}; see {self.prog} --help")


class Help(argparse.RawDescriptionHelpFormatter):
    """For 80 columns whatever the terminal's width, because the texts are wrapped for that."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=80)


def parser() -> Parser:
    """The parser of the command line."""
    top = Parser(prog="minicnn", description=DESCRIPTION, epilog=EXAMPLES, formatter_class=Help, allow_abbrev=False)
    top.add_argument("--version", action="store_true", help="print the version")
    commands = top.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        manual = command.__doc__ or ""
        name, title = name_of(command), manual.partition("\n")[0].rstrip(".")
        child = commands.add_parser(
            name,
            help=title[0].lower() + title[1:],
            description=manual,
            epilog=command.EXAMPLES,
            formatter_class=Help,
            allow_abbrev=False,
        )
        command.add_arguments(child)
        child.set_defaults(run=command.run)
    return top


def name_of(command: ModuleType) -> str:
    """A command's name: that of its module, without the trailing underscore that avoids a keyword."""
    return command.__name__.rpartition(".")[2].rstrip("_")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; the exit status is 0, or 2 after an error, or 130 after Ctrl-C."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    before = argparse.Namespace(run=_without_command, line=shlex.join(["minicnn", *arguments]))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=IN_ASCII)
    try:
        options = parser().parse_args(arguments, before)
        options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt as interrupt:
        print(f"\nminicnn: {interrupt or 'interrupted'}", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output has closed it, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OSError, MemoryError, ImportError) as error:
        print(f"minicnn: error: {_line(error)}", file=sys.stderr)
        return 2
    return 0


def _without_command(options: argparse.Namespace) -> None:
    if options.version:
        from minicnn import __version__

        print(f"minicnn {__version__}")
    else:
        parser().print_help()


def _line(error: BaseException) -> str:
    """An error's message on one line; an operating system's error begins with its file."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return " ".join(str(error).split()) or type(error).__name__
