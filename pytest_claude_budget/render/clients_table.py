"""What `claude-budget clients` prints: which clients are here, and how much of each is seen."""

from collections.abc import Sequence

from pytest_claude_budget.calls.coverage_of_clients import KNOWN_CLIENTS, KnownClient
from pytest_claude_budget.render.terminal_text import printable

_MOST = 30
"""Characters of a version."""


def clients_table(found: Sequence[tuple[KnownClient, str]]) -> str:
    """Clients with their versions, one a line; a version that is not known is empty."""
    if not found:
        return "no client of Claude is installed here"
    rows = [("client", "version", "Claude's answers are")]
    rows += [(client.name, printable(version, _MOST) or "-", client.seen.value) for client, version in found]
    widths = [max(len(row[at]) for row in rows) for at in (0, 1)]
    return "\n".join(f"{row[0].ljust(widths[0])}  {row[1].ljust(widths[1])}  {row[2]}" for row in rows)


def documents_table() -> str:
    """All clients as a table in Markdown, alike ones in one row."""
    seen = {each.seen: [one.name for one in KNOWN_CLIENTS if one.seen is each.seen] for each in KNOWN_CLIENTS}
    rows = [f"| {', '.join(f'`{name}`' for name in names)} | {how.value} |" for how, names in seen.items()]
    return "\n".join(["| clients | Claude's answers are |", "|---|---|", *rows])
