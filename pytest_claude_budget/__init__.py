"""Know what a change does to your Claude bill before it is merged.

PYTEST_DONT_REWRITE: a child process that is itself pytest has imported this before pytest could rewrite its asserts,
and pytest would warn of that in the user's run.
"""

import sys

TYPE_CHECKING = False  # as type checkers read it; `typing` would be loaded in every Python process of a run
if TYPE_CHECKING:
    from pytest_claude_budget.plugin.fixture import Meter

__all__ = ["Meter", "__version__"]
__version__ = "0.1.0"

if sys.version_info < (3, 11):  # noqa: UP036  # pip looks at requires-python; a checkout on PYTHONPATH does not
    this = f"{sys.version_info[0]}.{sys.version_info[1]}"
    raise ImportError(f"pytest-claude-budget needs Python 3.11 or newer, and this is Python {this}")


def __getattr__(name: str) -> object:
    """Load what is public when it is asked for: child processes import this package too, and measure without it."""
    if name == "Meter":
        from pytest_claude_budget.plugin.fixture import Meter

        return Meter
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def load_as_written() -> None:
    """Keep pytest from rewriting the asserts of this package, which has none to show.

    pytest marks the whole package of a plugin for that, and then compiles each module anew at every start where it may write
    no byte code (`PYTHONDONTWRITEBYTECODE`). There is no public way to say no that saves the work: the word above has pytest read
    and parse a module first. A pytest that keeps its list elsewhere goes on as it does.
    """
    for finder in sys.meta_path:
        marked = (
            getattr(finder, "_must_rewrite", None) if type(finder).__module__ == "_pytest.assertion.rewrite" else None
        )
        if isinstance(marked, set):
            marked -= {name for name in marked if name == __name__ or name.startswith(f"{__name__}.")}


load_as_written()
