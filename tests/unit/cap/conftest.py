from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_claude_budget.cap.mapped_cap import MappedCap
from pytest_claude_budget.cap.store import Cap


@pytest.fixture(params=["mapped"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Cap]]:
    """Opens one and the same cap, as each process does."""
    caps: list[Cap] = []

    def open_cap() -> Cap:
        caps.append(MappedCap(tmp_path / "run.cap"))
        return caps[-1]

    yield open_cap
    for cap in caps:
        cap.close()


@pytest.fixture
def cap(opened: Callable[[], Cap]) -> Cap:
    return opened()
