"""How garbage is collected while a report is made, or many of our modules are loaded: not at all.

Of 100,000 calls, that would take a tenth of the time. And what a client's hooks bring along is often enough to have Python look through
all that there is once more while the client is imported: 78 ms of one run with one call.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def uncollected() -> Iterator[None]:
    """Without garbage collection: all that is made here stays, and looking through it again and again takes a tenth."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            _grow_old()
            gc.enable()


def _grow_old() -> None:
    """Make all that is there old without looking through it, unless somebody else has frozen something."""
    with suppress(AttributeError):  # only CPython has these
        if not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()
