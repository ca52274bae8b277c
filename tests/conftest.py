"""Options of this project's own tests, and the interpreters of their sub-sessions."""

from collections.abc import Iterator

import pytest

from tests.warm.interpreters import Interpreters


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write the expected documents of tests/golden anew")
    parser.addoption(
        "--cold", action="store_true", help="start every sub-session as an interpreter of its own, not as a fork"
    )


@pytest.fixture(scope="session")
def interpreters(pytestconfig: pytest.Config) -> Iterator[Interpreters]:
    """Warm ones, shared by all tests of a process."""
    interpreters = Interpreters(cold=pytestconfig.getoption("--cold"))
    yield interpreters
    interpreters.close()
