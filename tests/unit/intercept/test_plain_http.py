"""Requests and answers of clients whose shapes differ, in the one shape that is read."""

import json
from types import SimpleNamespace
from typing import Any

import httpx
import httpx2
import pytest
from botocore.awsrequest import HeadersDict
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPHeaderDict

from pytest_claude_budget.calls.call import Status
from pytest_claude_budget.intercept import whole_json
from pytest_claude_budget.intercept.http_fields import told, values_of
from pytest_claude_budget.intercept.live_or_simulated import looks_real
from pytest_claude_budget.intercept.plain_http import Asked, Got, Plain, pairs_of, url_of
from pytest_claude_budget.intercept.runs_that_watch import Watchers
from pytest_claude_budget.intercept.urllib3_tries import headers_of
from pytest_claude_budget.intercept.whole_json import looks_of
from tests.builders.watched import ASKED, URL, Told, message

PAIRS = [("Content-Type", "application/json"), ("X-Twice", "one"), ("x-twice", "two"), ("X-Number", 5)]


@pytest.mark.parametrize(
    "pairs",
    [
        PAIRS,
        iter(PAIRS),
        dict(PAIRS[:2] + PAIRS[3:]).items(),
        [(str(name).encode(), str(value).encode()) for name, value in PAIRS],
    ],
    ids=["a list", "read once", "a view", "bytes"],
)
def test_a_header_of_an_answer_is_found_however_it_was_given(pairs: Any) -> None:
    headers = Got(200, pairs).headers
    assert ["application/json", "one", "5"] == [headers.get(name) for name in ("content-type", "x-twice", "x-number")]
    assert headers.get("absent", "nothing") == "nothing"
    assert set(headers) == {"content-type", "x-twice", "x-number"}


@pytest.mark.parametrize("raw", [True, False], ids=["bytes", "texts"])
def test_what_the_headers_of_a_request_say_is_read_from_bytes_and_texts(*, raw: bool) -> None:
    pairs: list[tuple[Any, Any]] = [
        ("Anthropic-Version", "2023-06-01"),
        ("X-Stainless-Retry-Count", "2"),
        ("anthropic-beta", "one"),
        ("Anthropic-Beta", "two"),
        ("content-length", "7"),
    ]
    if raw:
        pairs = [(name.encode(), value.encode()) for name, value in pairs]
    assert told(Asked("post", url_of(URL), pairs, b"")) == (2, "one,two", True)
    assert told(Asked("post", url_of(URL), {"x-stainless-retry-count": 3}.items(), b"")) == (3, "", False)


def test_what_the_headers_of_requests_say_is_read_by_their_names() -> None:
    headers = CaseInsensitiveDict({"Anthropic-Version": "2023-06-01", "X-Stainless-Retry-Count": b"2", "Accept": "*/*"})
    assert told(Asked("post", url_of(URL), pairs_of(headers), b"")) == (2, "", True)
    headers["anthropic-BETA"] = "one,two"
    del headers["anthropic-version"]
    assert told(Asked("post", url_of(URL), pairs_of(headers), b"")) == (2, "one,two", False)
    assert list(pairs_of(headers)) == [
        ("X-Stainless-Retry-Count", b"2"),
        ("Accept", "*/*"),
        ("anthropic-BETA", "one,two"),
    ]


def test_names_that_somebody_gives_requests_as_bytes_are_read_too() -> None:
    headers = CaseInsensitiveDict({b"Anthropic-Version": b"2023-06-01", "Accept": "*/*"})
    assert told(Asked("post", url_of(URL), pairs_of(headers), b"")) == (0, "", True)
    headers[b"X-Stainless-Retry-Count"], headers[b"anthropic-beta"] = b"2", b"one"
    assert told(Asked("post", url_of(URL), pairs_of(headers), b"")) == (2, "one", True)


def test_a_store_of_somebodys_own_is_read_by_the_names_in_its_pairs() -> None:
    """It need not have them in lower case, as that of requests does."""
    headers = SimpleNamespace(
        _store={"Anthropic-Beta": ("Anthropic-Beta", "one"), 0: ("anthropic-version", "2023-06-01")}
    )
    assert told(Asked("post", url_of(URL), pairs_of(headers), b"")) == (0, "one", True)


@pytest.mark.parametrize("sign", ["request-id", "X-LiteLLM-Response-Cost", "anthropic-ratelimit-tokens-limit"])
def test_signs_of_the_real_api_are_found_in_headers_of_any_shape(sign: str) -> None:
    raw = SimpleNamespace(raw=[(sign.encode(), b"1")])
    for headers in (Got(200, [(sign, "1")]).headers, HTTPHeaderDict({sign: "1"}), raw):
        assert looks_real(SimpleNamespace(headers=headers))
    for headers in (Got(200, [(f"x-{sign}", "1")]).headers, HTTPHeaderDict({"content-type": "x"})):
        assert not looks_real(SimpleNamespace(headers=headers))


def test_a_fault_over_an_answer_that_has_passed_never_reaches_its_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    sink, watchers = Told(), Watchers()
    watchers.add(sink)
    asked = Asked("POST", url_of(URL), [], json.dumps(ASKED).encode())
    seen = watchers.begin(Plain(object(), frozenset()), asked)
    assert seen is not None
    looks = looks_of(seen, Got(200, [*PAIRS, ("content-encoding", "any")]), has_body=True)
    assert looks is not None
    monkeypatch.setattr(whole_json, "decoder", {}.__getitem__)
    looks.fed(json.dumps(message()).encode())
    looks.ended(complete=True)
    assert [each.status for each in sink.answers] == [Status.UNMEASURED]
    assert "KeyError" in str(sink.answers[0].reason)


@pytest.mark.parametrize("mapping", [dict, CaseInsensitiveDict, HeadersDict, HTTPHeaderDict, httpx.Headers])
def test_a_request_says_the_same_in_the_headers_of_any_client(mapping: Any) -> None:
    headers = mapping({"Anthropic-Version": "2023-06-01", "X-Stainless-Retry-Count": "1", "content-length": "7"})
    assert told(Asked("POST", url_of(URL), pairs_of(headers), b"")) == (1, "", True)


@pytest.mark.parametrize(
    "headers",
    [
        Got(200, [("X-One", "1"), ("x-two", b"2")]).headers,
        headers_of(SimpleNamespace(headers=HTTPHeaderDict({"X-One": "1", "x-two": "2"}))),
        httpx.Headers({"X-One": "1", "x-two": "2"}),
        httpx2.Headers({"X-One": "1", "x-two": "2"}),
    ],
)
def test_several_headers_of_an_answer_are_told_at_once(headers: Any) -> None:
    assert values_of(headers, ("x-one", "x-none", "x-two")) == ["1", None, "2"]
