"""The one shape of an error that a user reads: what, where, what was allowed, what next.

Every message carries a slug, listed in `docs/messages.md`, so that it can be searched for.
"""

from pytest_claude_budget.base.values import value_class


@value_class(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong with what the user gave us."""

    slug: str
    """Stable name of the message, for example `bad-amount`."""
    where: str
    """Place as a person finds it: `claude-budget.yml:7:15` or `--claude-budget-report`."""
    what: str
    """The fault and what was allowed, one sentence without a full stop."""
    hint: str
    """What to do next."""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}\nhint: {self.hint}   [{self.slug}]"


class InputError(Exception):
    """Input that cannot be used. Holds every problem found, in the order of the input."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def described(error: BaseException) -> str:
    """Name a fault of our own by its type and place, without its text: that may hold what users wrote."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    file = trace.tb_frame.f_code.co_filename.replace("\\", "/").rpartition("/")[2]
    return f"{type(error).__name__} at {file}:{trace.tb_lineno}"
