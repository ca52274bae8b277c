"""What all rooms have in common: the server, and the order of their tests. A plugin of the inner pytest runs."""

import random

import pytest
from double import Double


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--shapes-order", default="", help="reversed, or random:SEED")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    order, _, seed = config.getoption("--shapes-order").partition(":")
    if order == "reversed":
        items.reverse()
    elif order == "random":
        random.Random(seed).shuffle(items)


@pytest.fixture(scope="session")
def double() -> Double:
    """The stand-in for the API."""
    return Double()
