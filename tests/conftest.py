"""Options of this project's own tests, and the interpreters of their sub-sessions."""

import gc
from collections.abc import Generator, Iterator
from importlib.util import find_spec

import pytest

from tests.warm.interpreters import Interpreters

if find_spec("hypothesis"):  # the environments of the matrix have none
    from hypothesis import settings

    # Its profile for CI, which `quick` builds on there, gives the same examples each time.
    settings.register_profile("quick", parent=settings.default, deadline=None, max_examples=20)
    every_time_others = settings.get_profile("default")
    settings.register_profile("thorough", parent=every_time_others, deadline=None, max_examples=100, print_blob=True)
    settings.load_profile("quick")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update", action="store_true", help="write the expected documents of tests/golden anew")
    parser.addoption(
        "--cold", action="store_true", help="start every sub-session as an interpreter of its own, not as a fork"
    )


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Leave out of garbage collection what stays to the end: thousands of tests, and the SDKs that their modules import."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session")
def interpreters(pytestconfig: pytest.Config) -> Iterator[Interpreters]:
    """Warm ones, shared by all tests of a process."""
    interpreters = Interpreters(cold=pytestconfig.getoption("--cold"))
    yield interpreters
    interpreters.close()
