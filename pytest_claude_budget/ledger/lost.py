"""A sign that a process of a run could not write the ledger, left where the run will look for it at its end.

An empty file can often be made where no more bytes can be written, and the temporary folder where the ledger's cannot.
"""

import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def leave(ledger: Path) -> bool:
    """Leave the sign; False where it could be left nowhere."""
    for place in _places(ledger):
        try:
            place.touch()
        except OSError:
            continue
        return True
    return False


def found(ledger: Path) -> bool:
    """Did any process leave the sign?"""
    return any(map(_exists, _places(ledger)))


def clear(ledger: Path) -> None:
    """Remove the sign, once it was seen."""
    for place in _places(ledger):
        with suppress(OSError):
            place.unlink(missing_ok=True)


def _places(ledger: Path) -> Iterator[Path]:
    name = f"{ledger.name}.lost"
    yield ledger.with_name(name)
    with suppress(OSError):  # there may be no temporary folder
        yield Path(tempfile.gettempdir()) / name


def _exists(place: Path) -> bool:
    try:
        return place.exists()
    except OSError:
        return False
