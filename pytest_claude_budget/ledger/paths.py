"""Where the files of a ledger are. Light: a run that has no calls looks too."""

from pathlib import Path

from pytest_claude_budget.ledger.outside import system

SUFFIX = ".journal.jsonl"
"""How the name of a journal ends; it begins with its ledger's."""

LATE = ".late"
"""How the name of the file ends in which a run leaves word for the next one."""
ALLOWED = ".allowed"
"""How the name of the file ends that says how much a run may spend, while it goes on."""
KEPT_RUNS = 5
"""Ledgers of runs that stay for who wants to query them."""


def journals_of(ledger: Path) -> list[Path]:
    """Find the journals of a ledger, in the order of their names."""
    start = f"{ledger.name}."
    try:
        with system.scandir(str(ledger.parent)) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(start) and entry.name.endswith(SUFFIX)]
    except OSError:
        return []
    return [ledger.with_name(name) for name in sorted(names)]


def has_left(ledger: Path) -> bool:
    """Have other runs than this one left something to tell of, or too many files?"""
    with system.scandir(str(ledger.parent)) as entries:
        names = [entry.name for entry in entries]
    others = [name for name in names if not name.startswith(f"{ledger.name}.")]
    return any(name.endswith((SUFFIX, LATE)) for name in others) or len(others) > KEPT_RUNS
