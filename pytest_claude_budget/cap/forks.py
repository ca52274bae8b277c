"""Tells stores of a fork: what a child has inherited is its parent's, and must be opened anew.

Module state, since a fork tells modules alone.
"""

import weakref
from typing import Protocol

from pytest_claude_budget.ledger.outside import system


class Inherited(Protocol):
    """What must know of a fork."""

    def forget(self) -> None:
        """In the child: let go of what is the parent's, without a word to anybody."""


_known: "weakref.WeakSet[Inherited]" = weakref.WeakSet()


def tell_of_forks(store: Inherited) -> None:
    """Have `forget` called in children, for as long as the store is there."""
    _known.add(store)


def _forget_all() -> None:
    for store in list(_known):
        store.forget()


if hasattr(system, "register_at_fork"):
    system.register_at_fork(after_in_child=_forget_all)
