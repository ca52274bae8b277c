from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from pytest_claude_budget.cap.store import Cap
from tests.unit.cap.postgres import Server, server
from tests.unit.cap.worker import opened as open_one


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    with server() as made:
        yield made


@pytest.fixture(params=["mapped", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """The file or the URL of one cap, and the name of its run."""
    url = request.getfixturevalue("postgres").url if request.param == "postgres" else ""
    return url or str(tmp_path / "run.cap"), str(uuid4())


@pytest.fixture
def opened(where: tuple[str, str]) -> Iterator[Callable[[], Cap]]:
    """Opens one and the same cap, as each process does."""
    caps: list[Cap] = []

    def open_cap() -> Cap:
        caps.append(open_one(*where))
        return caps[-1]

    yield open_cap
    for cap in caps:
        cap.close()


@pytest.fixture
def cap(opened: Callable[[], Cap]) -> Cap:
    return opened()
