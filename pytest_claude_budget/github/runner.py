"""The workflow runner: outputs, the job's summary, annotations, and a log in which nobody else's text is a command."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import github_action_utils as runner

from pytest_claude_budget.base.errors import Problem
from pytest_claude_budget.github.annotations import Annotation, located
from pytest_claude_budget.render.terminal_text import printable

__all__ = ["annotate", "complain", "log", "quiet", "set_outputs", "show", "summarise", "warn"]


def set_outputs(outputs: Mapping[str, str]) -> None:
    """Hand values to later steps."""
    for name, value in outputs.items():
        runner.set_output(name, value)


def summarise(markdown: str) -> None:
    """Add to the job's summary."""
    runner.append_job_summary(markdown)


def annotate(annotations: Iterable[Annotation]) -> None:
    """Show each at its line."""
    for each in annotations:
        tell = runner.error if each.level == "error" else runner.warning
        tell(each.text, title=each.title, file=each.file, line=each.line)


def complain(problem: Problem, folder: str = "") -> None:
    """Show why nothing could be judged, at the line of the file that is wrong; `folder` is where its path begins."""
    file, line = located(problem.where, folder)
    here = file is not None and Path(problem.where.partition(":")[0]).is_file()
    runner.error(str(problem), title="Claude cost", file=file if here else None, line=line if here else None)


def warn(problem: Problem) -> None:
    """Show what was left undone, though the verdict stands."""
    runner.warning(str(problem), title="Claude cost")


@contextmanager
def quiet(title: str) -> Iterator[None]:
    """A folded part of the log in which nothing that is printed is a command."""
    with runner.group(title), runner.stop_commands():
        yield


def show(lines: Iterable[str]) -> None:
    """Print lines as they are laid out; to be folded by `quiet`."""
    for line in lines:
        runner.echo(printable(line, 1000))


def log(text: str) -> None:
    """Print a line that begins with words of ours: no command begins so."""
    runner.echo(printable(text, 500))
