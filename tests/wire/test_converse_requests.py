"""The fingerprint of a request of Amazon Bedrock's Converse: the same parts as of Anthropic's own."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.calls.fingerprints import Fingerprint, read_fingerprint
from pytest_claude_budget.wire.converse_requests import as_anthropics
from pytest_claude_budget.wire.lifetimes import lifetimes_in, lifetimes_of
from pytest_claude_budget.wire.requests import LARGEST_CANONICAL, Fingerprints
from tests.wire.answers import body

TOOL = {"toolSpec": {"name": "look_up", "inputSchema": {"json": {"type": "object"}}}}
POINT = {"cachePoint": {"type": "default"}}
HOUR = {"cachePoint": {"type": "default", "ttl": "1h"}}


def asked(**fields: Any) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": [{"text": "Where is my parcel?"}]}],
        "system": [{"text": "Be brief."}],
        "inferenceConfig": {"maxTokens": 200, "temperature": 0},
        "toolConfig": {"tools": [TOOL]},
        **fields,
    }


def turn(tool_id: str) -> dict[str, Any]:
    """The second request of a conversation that used a tool."""
    first = asked()["messages"]
    use = {"toolUse": {"toolUseId": tool_id, "name": "look_up", "input": {"id": 7}}}
    result = {"toolResult": {"toolUseId": tool_id, "content": [{"text": "On its way."}]}}
    return asked(
        messages=[*first, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}],
    )


def print_of(request: Any) -> Fingerprint:
    return read_fingerprint(Fingerprints().of_converse(body(request)))


PLAIN = print_of(asked())


def test_each_part_of_a_request_has_its_hash() -> None:
    """Under the names that the report says; the limit by itself."""
    assert PLAIN.parts.keys() == {"system", "tools", "messages", "parameters"}
    assert PLAIN.max_tokens == 200


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        (asked(system=[{"text": "Be very brief."}]), "system"),
        (asked(toolConfig={"tools": [{"toolSpec": {"name": "other"}}]}), "tools"),
        (asked(messages=[{"role": "user", "content": [{"text": "Hi"}]}]), "messages"),
        (asked(inferenceConfig={"maxTokens": 200, "temperature": 1}), "parameters"),
        (asked(additionalModelRequestFields={"thinking": {"type": "enabled"}}), "parameters"),
        (asked(toolConfig={"tools": [TOOL], "toolChoice": {"any": {}}}), "parameters"),
    ],
)
def test_a_change_is_seen_in_its_part_alone(changed: dict[str, Any], part: str) -> None:
    """So that the report can name it."""
    assert print_of(changed).changed_parts(PLAIN) == [part]


def test_another_limit_is_no_other_part() -> None:
    """As of Anthropic's own."""
    assert print_of(asked(inferenceConfig={"maxTokens": 300, "temperature": 0})).changed_parts(PLAIN) == []
    assert print_of(asked(inferenceConfig={"maxTokens": 300})).max_tokens == 300


def test_a_cache_point_is_a_mark_on_the_block_before_it() -> None:
    """In tools, system and messages; its lifetime is told, and no hash of a part holds it."""
    marked = asked(
        system=[{"text": "Be brief."}, HOUR],
        toolConfig={"tools": [TOOL, POINT]},
        messages=[{"role": "user", "content": [{"text": "Where is my parcel?"}, POINT]}],
    )
    seen = print_of(marked)
    assert seen.parts == PLAIN.parts
    assert seen.cache == (("tools", "5m"), ("system[0]", "1h"), ("messages[0]", "5m"))
    assert lifetimes_of(Fingerprints().of_converse(body(marked))) == {"5m", "1h"}
    assert lifetimes_of(Fingerprints().of_converse(body(asked()))) == set()


def test_the_lifetimes_of_a_request_too_long_to_be_read_are_told_by_its_bytes() -> None:
    """A document in it, and a cache point behind that."""
    long = body(asked(system=[{"text": "x" * LARGEST_CANONICAL}, HOUR]))
    print_ = Fingerprints().of_converse(long)
    assert lifetimes_of(print_) is None
    assert lifetimes_in(long) == {"1h"}


def test_ids_that_the_api_gave_out_are_in_no_hash() -> None:
    """They are other ones at each run; a name that a person gave is shorter."""
    one, other = turn("tooluse_kZJMlvQmRJ6eAyJE5GIl7Q"), turn("tooluse_abcdefghijklmno-_12345")
    assert print_of(one) == print_of(other)
    assert print_of(turn("tooluse_mine")) != print_of(one)


def test_a_conversation_is_known_by_its_opening() -> None:
    """As of Anthropic's own: the later turn belongs to the first request."""
    later = print_of(turn("tooluse_kZJMlvQmRJ6eAyJE5GIl7Q"))
    assert later.opening == PLAIN.parts["messages"]


@pytest.mark.parametrize("request_body", [None, b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_what_is_no_request_has_no_fingerprint(request_body: bytes | None) -> None:
    """Whatever it holds is not ours to complain of."""
    assert Fingerprints().of_converse(request_body) is None


BLOCKS = st.recursive(
    st.none() | st.integers() | st.text(max_size=5) | st.just(POINT),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["text", "cachePoint", "x"]), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["messages", "system", "toolConfig", "inferenceConfig", "content"]), BLOCKS))
def test_any_request_at_all_is_read_and_left_as_it_is(request_: dict[str, Any]) -> None:
    """No form of it raises."""
    before = deepcopy(request_)
    as_anthropics(request_)
    assert request_ == before
    assert Fingerprints().of_converse(json.dumps(request_).encode()) is not None
