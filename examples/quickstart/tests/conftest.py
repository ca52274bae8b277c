"""Claude answers from cassettes: the real SDK runs, with no key and no network."""

import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from anthropic import Anthropic
from vcr.request import Request  # type: ignore[import-untyped]  # vcrpy has no types

from helpdesk.replies import HANDBOOK

BASE_URL = "https://api.anthropic.com"
KEPT_HEADERS = {"content-type", "request-id", "retry-after-ms", "x-should-retry"}


@pytest.fixture(scope="session")
def api_key(record_mode: str) -> str:
    """A real key is needed for recording only."""
    return "no-key-needed" if record_mode == "none" else os.environ["ANTHROPIC_API_KEY"]


@pytest.fixture(scope="session")
def client(api_key: str) -> Iterator[Anthropic]:
    with Anthropic(api_key=api_key, base_url=BASE_URL) as client:
        yield client


@pytest.fixture(scope="session")
def vcr_config() -> dict[str, Any]:
    return {
        # The body is compared as JSON. A changed prompt finds no answer here: its recorded cost would be a wrong one.
        "match_on": ["method", "path", "body"],
        "filter_headers": ["authorization", "x-api-key"],
        "before_record_request": shorten_handbook,
        "before_record_response": drop_headers,
        "decode_compressed_response": True,
    }


def shorten_handbook(request: Request) -> Request:
    """Write the handbook's hash to the cassettes instead of all its text, which would be half of each file."""
    if request.body:
        body = json.loads(request.body)
        for block in body.get("system", []):
            if isinstance(block, dict) and block["text"] == HANDBOOK:
                block["text"] = f"(handbook.md, sha256 {hashlib.sha256(HANDBOOK.encode()).hexdigest()})"
        request.body = json.dumps(body, ensure_ascii=False)
    return request


def drop_headers(response: dict[str, Any]) -> dict[str, Any]:
    """Real answers name the organization and its rate limits: these are nobody's business."""
    kept = {name: values for name, values in response["headers"].items() if name.lower() in KEPT_HEADERS}
    return {**response, "headers": kept}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With `-n`, keep the tests of a file on one worker: a fixture that they share is then set up, and paid, once."""
    if config.getoption("dist") != "load":
        return None  # The command line asked for something else.
    from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # nor has xdist

    return LoadFileScheduling(config, log)
