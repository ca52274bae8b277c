"""What the wheel's `.pth` file calls as a Python process starts that may have to be measured: one that a test started, or a pytest."""

import sys
from collections.abc import MutableMapping, Sequence


def start(arguments: Sequence[str], environ: MutableMapping[str, str]) -> None:
    """Measure this process, if somebody wants that; `arguments` is its command line."""
    if environ.get("CLAUDE_BUDGET_LEDGER"):
        from pytest_claude_budget.measure.child import start as start_child

        start_child(environ)
        return
    from pytest_claude_budget.measure.early import EARLY
    from pytest_claude_budget.measure.early import start as start_early

    start_early(arguments, environ)
    if not EARLY:
        _forget_us()


def _forget_us() -> None:
    """Be as if never imported: this package has to come after pytest, to say that it is loaded as it is written."""
    package = __name__.partition(".")[0]
    for name in [name for name in sys.modules if name == package or name.startswith(f"{package}.")]:
        del sys.modules[name]
