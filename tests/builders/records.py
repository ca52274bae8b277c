"""Records as short as a test wants them."""

import json
from typing import Any

from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.record.record import Group, OwnerRecord, Record, Terms
from tests.builders.priced import TABLE

SONNET = "claude-sonnet-4-6"
"""$3 input, $3.75 and $6 write, $0.30 read, $15 output, per million."""
HAIKU = "claude-haiku-4-5-20251001"
"""$1 input, $1.25 and $2 write, $0.10 read, $5 output, per million."""


def usage(fresh: int = 0, out: int = 0, *, write: int = 0, hour: int = 0, read: int = 0) -> Usage:
    return Usage(
        input_tokens=fresh,
        output_tokens=out,
        cache_creation_5m_input_tokens=write,
        cache_creation_1h_input_tokens=hour,
        cache_read_input_tokens=read,
    )


def group(used: Usage, model: str = SONNET, *, calls: int = 1, **more: Any) -> Group:
    """Calls of one kind; `batch` and the like go to the terms."""
    terms = {name: more.pop(name) for name in ("speed", "batch", "regional", "long_prompt", "geo") if name in more}
    return Group(terms=Terms(model=model, **terms), calls=calls, attempts=calls, usage=used, **more)


def owner(name: str, *groups: Group, kind: str = "test") -> OwnerRecord:
    return OwnerRecord(owner=name, kind=kind, groups=groups)


def record(*owners: OwnerRecord) -> Record:
    return Record(rates_as_of=TABLE.as_of, owners={one.owner: one for one in owners})


def request(system: str = "s1", *, tools: str = "t1", size: int = 3000, question: int = 1000, several: int = 1) -> str:
    """A fingerprint: tools and system prompt of `size` bytes together, and messages."""
    value: dict[str, Any] = {"tools": f"{tools}:0", "system": f"{system}:{size}", "messages": f"m:{question}"}
    return json.dumps(value | ({"requests": several} if several > 1 else {}))
