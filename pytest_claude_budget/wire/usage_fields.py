"""Every usage field of Anthropic's that is known here, and how each turns into counts.

A test compares `KNOWN` with the types of the installed SDK, so that a new field is seen here before it is
missing from somebody's bill.
"""

from collections.abc import Callable, Iterator, Mapping, Set

from pytest_claude_budget.calls.call import Iteration, Usage

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

RESTATING = frozenset(("total_tokens", "prompt_tokens", "completion_tokens"))
"""Names of other APIs that gateways put beside Anthropic's own: sums of what is counted already."""
_RESTATING_DETAILS = frozenset(("prompt_tokens_details", "completion_tokens_details", "input_tokens_details"))
_NAMES = frozenset(KNOWN) | RESTATING
_MOST_NAMED = 3
_DEEPEST = 4

MIXED = (
    "the request sets cache lifetimes that differ and the answer does not split its writes: priced at the 5-minute rate"
)
LARGEST_COUNT = 10**12
"""A count above this is no count of one answer."""


class UnreadableError(Exception):
    """Usage that cannot be understood; the text is the reason, for a person."""


class Remarks:
    """What reading one answer's usage brings besides its counts."""

    __slots__ = ("gaps", "lifetimes", "notes")

    def __init__(self, lifetimes: Callable[[], Set[str] | None]) -> None:
        self.lifetimes = lifetimes
        """Tells the lifetimes that the request's cache breakpoints set; None where the request was not seen."""
        self.notes: list[str] = []
        """What was assumed."""
        self.gaps: list[str] = []
        """Why the counts are a lower bound."""


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


def _is_count(value: object) -> bool:
    whole = type(value) is int or (type(value) is float and value.is_integer())
    return whole and 0 <= value <= LARGEST_COUNT  # type: ignore[operator]  # a number


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


def read_usage(fields: Mapping[str, object], remarks: Remarks, *, asked: bool = True) -> Usage:
    """Read the counts of one usage object, top level or iteration, and add to `remarks` what they leave open.

    `asked` says that the request's own cache breakpoints hold for it.
    """
    get = fields.get
    details = get("output_tokens_details")
    if not _NAMES.issuperset(fields) or (details is not None and details != _NO_DETAILS):
        _look_for_unknown(fields, remarks)
    written_5m = written_1h = search = fetch = code = 0
    written = get("cache_creation_input_tokens")
    if written or type(written) is not int or get("cache_creation", _NO_WRITES) != _NO_WRITES:
        written_5m, written_1h = _cache_writes(fields, remarks, asked=asked)
    if get("server_tool_use") is not None:
        tools = section(fields, "server_tool_use")
        _look_for_unknown({"server_tool_use": tools}, remarks)
        search, fetch = count(tools, "web_search_requests"), count(tools, "web_fetch_requests")
        code = count(tools, "code_execution_requests")
    fresh, read, output = get("input_tokens"), get("cache_read_input_tokens"), get("output_tokens")
    if not (type(fresh) is type(read) is type(output) is int) or not (
        0 <= fresh <= LARGEST_COUNT and 0 <= read <= LARGEST_COUNT and 0 <= output <= LARGEST_COUNT
    ):
        fresh, read = count(fields, "input_tokens"), count(fields, "cache_read_input_tokens")
        output = count(fields, "output_tokens")
    return Usage(fresh, written_5m, written_1h, read, output, search, fetch, code)


_NO_WRITES = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0}
"""What an answer says that has written nothing to a cache."""
_NO_DETAILS = {"thinking_tokens": 0}


def _look_for_unknown(fields: Mapping[str, object], remarks: Remarks) -> None:
    """A count that nobody here knows may be billed: without it, the others are a lower bound."""
    for name in list(_unknown_counts(fields))[:_MOST_NAMED]:
        plain = name.isascii() and name.replace(".", "").isidentifier()
        gap = f"usage.{name if plain else repr(name)} is not known here and may be billed"
        if gap not in remarks.gaps:
            remarks.gaps.append(gap)


def _unknown_counts(fields: Mapping[str, object], before: str = "", depth: int = 0) -> Iterator[str]:
    """Dotted names of fields that end in `_tokens`, are not known, and say more than zero."""
    for name, value in fields.items():
        dotted = f"{before}{name}"[:100]
        if isinstance(value, dict):
            if dotted not in _RESTATING_DETAILS and depth < _DEEPEST:
                yield from _unknown_counts(value, f"{dotted}.", depth + 1)
        elif name.endswith("_tokens") and dotted not in _NAMES and value is not None and value != 0:
            yield dotted


def _cache_writes(fields: Mapping[str, object], remarks: Remarks, *, asked: bool) -> tuple[int, int]:
    total = count(fields, "cache_creation_input_tokens")
    five = hour = 0
    if fields.get("cache_creation") is not None:
        split = section(fields, "cache_creation")
        _look_for_unknown({"cache_creation": split}, remarks)
        five, hour = count(split, "ephemeral_5m_input_tokens"), count(split, "ephemeral_1h_input_tokens")
    rest = total - five - hour
    if rest <= 0:
        return five, hour
    lifetimes = remarks.lifetimes() if asked else None
    if lifetimes is not None and (lifetimes or not hour):
        return _by_lifetimes(five, hour, rest, lifetimes, remarks)
    if hour and not five:
        remarks.notes.append("cache writes beyond the stated split priced at the 1-hour rate")
        return 0, hour + rest
    remarks.notes.append("cache writes without a stated lifetime priced at the 5-minute rate")
    return five + rest, hour


def _by_lifetimes(five: int, hour: int, rest: int, lifetimes: Set[str], remarks: Remarks) -> tuple[int, int]:
    """Writes that the answer does not split are what the request's breakpoints ask for; 5 minutes is the default."""
    if lifetimes == {"1h"}:
        return five, hour + rest
    if lifetimes - {"5m"}:
        remarks.gaps.append(MIXED)
    return five + rest, hour


def read_iterations(fields: Mapping[str, object], remarks: Remarks) -> tuple[Iteration, ...]:
    """Read `usage.iterations`."""
    entries = fields.get("iterations")
    if entries is None:
        return ()
    if not isinstance(entries, list):
        raise UnreadableError("usage.iterations is not a list")
    return tuple(_iteration(entry, remarks) for entry in entries)


def _iteration(entry: object, remarks: Remarks) -> Iteration:
    if not isinstance(entry, dict):
        raise UnreadableError("an entry of usage.iterations is not an object")
    kind, model = entry.get("type"), entry.get("model")
    return Iteration(
        kind=kind[:100] if isinstance(kind, str) else "without a type",
        model=model[:300] if isinstance(model, str) else None,
        usage=read_usage(entry, remarks, asked=kind != "advisor_message"),  # which has a prompt of its own
    )


def grown(before: Mapping[str, object], said: Mapping[str, object]) -> dict[str, object]:
    """Take the newest counts, which are cumulative: one that falls is no count, and null says nothing."""
    return {**before, **{name: _greater(before.get(name), value) for name, value in said.items()}}


def _greater(before: object, said: object) -> object:
    if said is None:
        return before
    if isinstance(before, dict) and isinstance(said, dict):
        return grown(before, said)
    return before if _is_count(before) and _is_count(said) and said < before else said  # type: ignore[operator]  # numbers
