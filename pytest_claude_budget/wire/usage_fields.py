"""Every usage field of Anthropic's that is known here, and how each turns into counts.

A test compares `KNOWN` with the types of the installed SDK, so that a new field is seen here before it is
missing from somebody's bill.
"""

from collections.abc import Mapping

from pytest_claude_budget.usage import Iteration, Usage

KNOWN: Mapping[str, str] = {
    "input_tokens": "counted",
    "output_tokens": "counted",
    "cache_creation_input_tokens": "counted: the sum of both kinds of cache writes",
    "cache_read_input_tokens": "counted",
    "cache_creation": "counted: ephemeral_5m_input_tokens and ephemeral_1h_input_tokens",
    "cache_creation.ephemeral_5m_input_tokens": "counted",
    "cache_creation.ephemeral_1h_input_tokens": "counted",
    "server_tool_use": "counted",
    "server_tool_use.web_search_requests": "counted: priced by the search",
    "server_tool_use.web_fetch_requests": "counted: free",
    "server_tool_use.code_execution_requests": "counted: billed by container-hour, not priced here",
    "service_tier": "decides the batch discount",
    "inference_geo": "decides the geo premium",
    "speed": "decides the fast rates",
    "iterations": "counted: compaction, advisor and declined fallback entries come on top",
    "output_tokens_details": "inside output_tokens",
    "output_tokens_details.thinking_tokens": "inside output_tokens",
    "fallback_credit": "already in the counts",
    "fallback_credit.status": "already in the counts",
    "fallback_credit.status.type": "already in the counts",
    "fallback_credit.status.reason": "already in the counts",
    "fallback_credit.status.remove_to_redeem": "already in the counts",
    "model": "of an iteration: decides its rates",
    "type": "of an iteration: decides whether it is inside the sums",
}
"""Dotted name of a field, and what is done with it."""

LARGEST_COUNT = 10**12
"""A count above this is no count of one answer."""


class UnreadableError(Exception):
    """Usage that cannot be understood; the text is the reason, for a person."""


def count(fields: Mapping[str, object], name: str) -> int:
    """Read one count. Absent or null is zero; anything but a whole number from zero up is unreadable."""
    value = fields.get(name)
    if type(value) is int and 0 <= value <= LARGEST_COUNT:
        return value
    if value is None:
        return 0
    if type(value) is float and value.is_integer() and 0 <= value <= LARGEST_COUNT:
        return int(value)
    raise UnreadableError(f"usage.{name} is not a whole number from zero up")


def section(fields: Mapping[str, object], name: str) -> Mapping[str, object]:
    """Read one object inside of usage. Absent or null is empty."""
    value = fields.get(name)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise UnreadableError(f"usage.{name} is not an object")


def text(fields: Mapping[str, object], name: str) -> str | None:
    """Read one word. Absent or null is None."""
    value = fields.get(name)
    if value is None:
        return None
    if isinstance(value, str):
        return value[:100] or None
    raise UnreadableError(f"usage.{name} is not a word")


def read_usage(fields: Mapping[str, object], notes: list[str]) -> Usage:
    """Read the counts of one usage object, top level or iteration; append what had to be assumed to `notes`."""
    get = fields.get
    written_5m = written_1h = search = fetch = code = 0
    written = get("cache_creation_input_tokens")
    if written or type(written) is not int or get("cache_creation", _NO_WRITES) != _NO_WRITES:
        written_5m, written_1h = _cache_writes(fields, notes)
    if get("server_tool_use") is not None:
        tools = section(fields, "server_tool_use")
        search, fetch = count(tools, "web_search_requests"), count(tools, "web_fetch_requests")
        code = count(tools, "code_execution_requests")
    return Usage(
        input_tokens=count(fields, "input_tokens"),
        cache_creation_5m_input_tokens=written_5m,
        cache_creation_1h_input_tokens=written_1h,
        cache_read_input_tokens=count(fields, "cache_read_input_tokens"),
        output_tokens=count(fields, "output_tokens"),
        web_search_requests=search,
        web_fetch_requests=fetch,
        code_execution_requests=code,
    )


_NO_WRITES = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}
"""What an answer says that has written nothing to a cache."""


def _cache_writes(fields: Mapping[str, object], notes: list[str]) -> tuple[int, int]:
    total = count(fields, "cache_creation_input_tokens")
    five = hour = 0
    if fields.get("cache_creation") is not None:
        split = section(fields, "cache_creation")
        five, hour = count(split, "ephemeral_5m_input_tokens"), count(split, "ephemeral_1h_input_tokens")
    rest = total - five - hour
    if rest <= 0:
        return five, hour
    if hour and not five:
        notes.append("cache writes beyond the stated split priced at the 1-hour rate")
        return 0, hour + rest
    notes.append("cache writes without a stated lifetime priced at the 5-minute rate")
    return five + rest, hour


def read_iterations(fields: Mapping[str, object], notes: list[str]) -> tuple[Iteration, ...]:
    """Read `usage.iterations`."""
    entries = fields.get("iterations")
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise UnreadableError("usage.iterations is not a list")
    return tuple(_iteration(entry, notes) for entry in entries)


def _iteration(entry: object, notes: list[str]) -> Iteration:
    if not isinstance(entry, dict):
        raise UnreadableError("an entry of usage.iterations is not an object")
    kind, model = entry.get("type"), entry.get("model")
    return Iteration(
        kind=kind[:100] if isinstance(kind, str) else "without a type",
        model=model[:300] if isinstance(model, str) else None,
        usage=read_usage(entry, notes),
    )
