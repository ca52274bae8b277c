"""What the wheel's `.pth` file calls as a Python process starts that may have to be measured: one that a test started, or a pytest."""

from collections.abc import MutableMapping, Sequence


def start(arguments: Sequence[str], environ: MutableMapping[str, str]) -> None:
    """Measure this process, if somebody wants that; `arguments` is its command line."""
    if environ.get("CLAUDE_BUDGET_LEDGER"):
        from pytest_claude_budget.measure.child import start as start_child

        start_child(environ)
        return
    from pytest_claude_budget.measure.early import start as start_early

    start_early(arguments, environ)
