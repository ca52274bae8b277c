"""Tools that look at a hooked method, such as tracers and mocks, find what they would find without a hook."""

import http.client
import inspect
import os
import subprocess
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import aiohttp
import botocore.client
import httpcore
import httpx
import httpx2
import pytest
import requests
import urllib3.connectionpool
import urllib3.poolmanager

from pytest_claude_budget.measure.hooked_clients import Watching
from tests.builders.watched import Told

_MODULES: tuple[ModuleType, ...] = (aiohttp, botocore.client, httpcore, httpx, httpx2)
HOOKED: dict[str, Callable[[], Any]] = {
    "httpx.Client.send": lambda: httpx.Client.send,
    "httpx.AsyncClient.send": lambda: httpx.AsyncClient.send,
    "httpx2.Client.send": lambda: httpx2.Client.send,
    "requests.Session.send": lambda: requests.Session.send,
    "urllib3.HTTPConnectionPool.urlopen": lambda: urllib3.connectionpool.HTTPConnectionPool.urlopen,
    "urllib3.PoolManager.urlopen": lambda: urllib3.poolmanager.PoolManager.urlopen,
    "http.client.HTTPConnection.request": lambda: http.client.HTTPConnection.request,
    "http.client.HTTPConnection.endheaders": lambda: http.client.HTTPConnection.endheaders,
    "aiohttp.ClientSession._request": lambda: aiohttp.ClientSession._request,
    "botocore.client.BaseClient._make_api_call": lambda: botocore.client.BaseClient._make_api_call,
    "httpcore.ConnectionPool.handle_request": lambda: httpcore.ConnectionPool.handle_request,
    "subprocess.Popen.__init__": lambda: subprocess.Popen.__init__,
    "os.execve": lambda: os.execve,
}


@pytest.fixture
def hooks() -> Iterator[None]:
    """As a run has them."""
    watching = Watching(Told, lambda stage, error: None)
    watching.start()
    yield
    watching.stop()


@pytest.mark.usefixtures("hooks")
@pytest.mark.parametrize("name", HOOKED)
def test_a_hooked_method_shows_the_signature_of_the_original(name: str) -> None:
    hooked = HOOKED[name]()
    original = inspect.unwrap(hooked)
    assert inspect.signature(original) == inspect.signature(hooked)
    assert inspect.getfullargspec(original) == inspect.getfullargspec(hooked)
    assert inspect.iscoroutinefunction(original) == inspect.iscoroutinefunction(hooked)
