from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from pytest_claude_budget.cap.mapped_cap import MappedCap
from pytest_claude_budget.cap.postgres_cap import PostgresCap
from pytest_claude_budget.cap.store import Cap
from tests.unit.cap.postgres import Server, server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture(params=["mapped", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Cap]]:
    """Opens one and the same cap, as each process does."""
    caps: list[Cap] = []
    url = request.getfixturevalue("postgres").url if request.param == "postgres" else ""
    run = str(uuid4())

    def open_cap() -> Cap:
        caps.append(PostgresCap(url, run) if url else MappedCap(tmp_path / "run.cap"))
        return caps[-1]

    yield open_cap
    for cap in caps:
        cap.close()


@pytest.fixture
def cap(opened: Callable[[], Cap]) -> Cap:
    return opened()
