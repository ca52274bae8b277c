"""What bytes of an answer tell as they pass."""

from collections.abc import Sequence
from typing import NamedTuple

from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer


class Said(NamedTuple):
    """What the last bytes have told."""

    own: Answer | None = None
    """The newest state of the exchange itself; it replaces the one before."""
    items: Sequence[Answer | Alike] = ()
    """Answers of their own: the lines of batch results, and the messages of a stream that another one followed."""
