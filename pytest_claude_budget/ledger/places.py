"""Where the files of a ledger are. Light: a run that has no calls looks too."""

from pathlib import Path

from pytest_claude_budget.outside import system

SUFFIX = ".journal.jsonl"
"""How the name of a journal ends; it begins with its ledger's."""


def journals_of(ledger: Path) -> list[Path]:
    """Find the journals of a ledger, in the order of their names."""
    start = f"{ledger.name}."
    try:
        with system.scandir(str(ledger.parent)) as entries:
            names = [entry.name for entry in entries if entry.name.startswith(start) and entry.name.endswith(SUFFIX)]
    except OSError:
        return []
    return [ledger.with_name(name) for name in sorted(names)]
