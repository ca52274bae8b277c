"""The faster parser gives what Python's own gives, and never another answer."""

import json
import math
import sys
from typing import Any

import jiter
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.base.fast_json import loads
from tests.builders.tries import tries

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)
ODD = [
    b'{"a":1,"a":2}',
    rb'"\ud800"',
    rb'"\ud83d\ude00"',
    b"1e999",
    b"-0",
    b"-0.0",
    b"123456789012345678901234567890",
    b"0.1000000000000000055511151231257827",
    b"NaN",
    b"-Infinity",
    b"\xef\xbb\xbf{}",
    '{"a":1}'.encode("utf-16"),
    b"[" * 250 + b"]" * 250,
    b" [1 , 2]\n",
    b"2.0",
]
BAD = [b"", b"{", b"[1,]", b'"\x01"', b"\xff", b"01", b"1 2", b"nul", b"9" * 5000]


def same(one: Any, other: Any) -> bool:
    """Equal, and of the same types."""
    if isinstance(one, dict):
        return isinstance(other, dict) and list(one) == list(other) and all(same(one[k], other[k]) for k in one)
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, float) and math.isnan(one):
        return isinstance(other, float) and math.isnan(other)
    return type(one) is type(other) and bool(one == other) and repr(one) == repr(other)


@given(JSON)
@settings(max_examples=tries(300), deadline=None)
def test_both_parsers_read_the_same(value: Any) -> None:
    data = json.dumps(value).encode()
    assert same(loads(data), json.loads(data))


@pytest.mark.parametrize("data", ODD)
def test_odd_documents_are_read_alike(data: bytes) -> None:
    assert same(loads(data), json.loads(data))


@pytest.mark.parametrize("data", BAD)
def test_what_one_refuses_the_other_does_too(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # any text
        json.loads(data)
    with pytest.raises(ValueError):  # noqa: PT011  # any text
        loads(data)


@pytest.mark.parametrize(
    "data", [*ODD, b'{"a":1}', b'{"a":1} \r\n', rb'{"a":"\ud800"}', b'{"a":"\xed\xa0\x80"}', b"{}"]
)
def test_without_the_sdk_python_reads(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.delitem(sys.modules, "jiter")
    assert same(loads(data), json.loads(data))


@pytest.mark.parametrize("data", [*BAD, b'{"a":1}x', b'{"a":1', b"{a}", b'{"a":"\xff"}', b"{\0"])
def test_without_the_sdk_python_refuses(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.delitem(sys.modules, "jiter")
    with pytest.raises(ValueError):  # noqa: PT011  # any text
        loads(data)


def test_an_older_parser_with_other_options_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def older(data: bytes) -> object:
        return jiter.from_json(data)

    monkeypatch.setattr(jiter, "from_json", older)
    assert loads(b"[1]") == [1]
