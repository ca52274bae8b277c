"""Calls whose prompt nearly fills the model's context window: the next longer document is refused, or cut by the program."""

from collections.abc import Iterable, Sequence

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import OF_MANY, Answer, Call
from pytest_claude_budget.calls.long_prompts import LARGE_WINDOW, NEAR_PERCENT
from pytest_claude_budget.pricing.rates import RateTable

_OWN = frozenset(("message", "fallback_message"))
"""Iterations that read the conversation."""


@value_class(frozen=True, kw_only=True, slots=True)
class NearWindow:
    """Calls of one owner to one model."""

    owner: str
    model: str
    calls: int
    longest: int
    """Prompt tokens of the longest of them, from the cache or not."""
    window: int
    """Tokens that the model reads at most, its answer included."""


class WindowWatch:
    """Finds them among the calls of a run, in any order. A ledger tells each call with a long prompt by itself."""

    def __init__(self, rates: RateTable) -> None:
        self._rates = rates
        self._windows: dict[str, int] = {}
        """By the model as a call spells it; 0 where the window is not known."""
        self._found: dict[tuple[str, str], NearWindow] = {}

    def add(self, call: Call, model: str) -> None:
        """Take one call to the model of this name."""
        answer = call.answer
        spelled = answer.model or model
        window = self._windows.get(spelled)
        if window is None:
            window = self._windows[spelled] = self._window(spelled)
        if call.count > 1 or not window or answer.usage.prompt_tokens * 100 <= window * NEAR_PERCENT:
            return
        longest = _longest(answer)
        if longest > window:  # a beta gave it the large one
            window = max(window, LARGE_WINDOW)
        if longest * 100 > window * NEAR_PERCENT:
            one = NearWindow(owner=call.owner.id, model=model, calls=1, longest=longest, window=window)
            _add(self._found, one)

    def rows(self) -> tuple[NearWindow, ...]:
        """All that was found, by owner and model."""
        return _rows(self._found)

    def _window(self, spelled: str) -> int:
        model = self._rates.find(spelled)
        window = None if model is None else model.context_window
        if window is None:
            return 0
        return max(window, LARGE_WINDOW) if "[1m]" in spelled else window


def added_near_windows(parts: Iterable[Sequence[NearWindow]]) -> tuple[NearWindow, ...]:
    """Several runs' as one."""
    found: dict[tuple[str, str], NearWindow] = {}
    for row in (row for rows in parts for row in rows):
        _add(found, row)
    return _rows(found)


def _add(found: dict[tuple[str, str], NearWindow], row: NearWindow) -> None:
    known = found.get((row.owner, row.model), row)
    calls = row.calls if known is row else known.calls + row.calls
    fullest = max(known, row, key=fullness)
    found[row.owner, row.model] = NearWindow(
        owner=row.owner, model=row.model, calls=calls, longest=fullest.longest, window=fullest.window
    )


def fullness(row: NearWindow) -> tuple[int, int]:
    """How full the window is, as what may be sorted by."""
    return row.longest * 1_000_000 // row.window, row.longest


def _rows(found: dict[tuple[str, str], NearWindow]) -> tuple[NearWindow, ...]:
    return tuple(row for _, row in sorted(found.items(), key=lambda item: item[0]))


def _longest(answer: Answer) -> int:
    """The longest prompt that the model read for an answer; 0 where that cannot be told.

    An answer that used the server's tools states the sum of several prompts; only its iterations tell them apart.
    """
    if answer.endpoint in OF_MANY:
        return 0
    own = [entry.usage.prompt_tokens for entry in answer.iterations if entry.kind in _OWN]
    if own:
        return max(own)
    usage = answer.usage
    looped = usage.web_search_requests or usage.web_fetch_requests or usage.code_execution_requests
    return 0 if looped or answer.iterations else usage.prompt_tokens
