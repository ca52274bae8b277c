"""Fingerprints of requests: what changed is told apart, and no word of it is kept."""

import json
from hashlib import blake2b
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_claude_budget.wire import requests
from pytest_claude_budget.wire.requests import Fingerprints, of_batch
from tests.builders.tries import tries

USER = {"role": "user", "content": "Where is my order?"}
ASSISTANT = {"role": "assistant", "content": "On its way."}
MARK = {"cache_control": {"type": "ephemeral"}}
REQUEST: dict[str, Any] = {
    "max_tokens": 1024,
    "messages": [USER],
    "model": "claude-haiku-4-5",
    "system": "You sort tickets.",
    "temperature": 0.5,
    "tools": [{"name": "find", "description": "Finds", "input_schema": {"type": "object"}}],
}


def of(request: object, **layout: Any) -> dict[str, Any]:
    """The fingerprint of a request, sent as the SDK sends it."""
    text, *_ = Fingerprints().of_messages(json.dumps(request, **{"separators": (",", ":"), **layout}).encode())
    assert text is not None
    found: dict[str, Any] = json.loads(text)
    assert list(found) == sorted(found)
    assert text == json.dumps(found, separators=(",", ":"))
    return found


def block(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": text, **more}


def differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in {*one, *other} if one.get(name) != other.get(name)}


def test_a_part_is_a_short_keyed_hash_and_the_length_of_its_canonical_json() -> None:
    canonical = b'[{"content":"Where is my order?","role":"user"}]'
    expected = blake2b(canonical, digest_size=5, key=b"pytest-claude-budget").hexdigest()
    assert of(REQUEST)["messages"] == f"{expected}:48"
    assert of(REQUEST)["max_tokens"] == 1024
    assert set(of(REQUEST)) == {"max_tokens", "messages", "parameters", "system", "tools"}
    assert set(of({"max_tokens": 5, "messages": [USER], "model": "m"})) == {"max_tokens", "messages"}


def test_no_text_of_a_request_is_in_its_fingerprint_or_remembered() -> None:
    planted = "canary"
    request = {
        "max_tokens": 9,
        "messages": [{"role": planted, "content": [block(planted, cache_control={"ttl": planted})]}],
        "model": planted,
        "system": [block(planted, cache_control={"type": planted, "ttl": "1h"}), block(planted)],
        "tools": [{"name": planted, planted: planted}],
        planted: planted,
    }
    made = Fingerprints()
    text, *_ = made.of_messages(json.dumps(request, separators=(",", ":")).encode(), betas=planted)
    assert text is not None
    assert planted not in text
    ((_, rest),) = made._rests.items()
    assert planted not in repr(rest)
    assert planted not in str(of_batch(json.dumps({"requests": [request]}).encode()))


def test_spacing_order_and_escapes_of_another_sdk_change_nothing() -> None:
    request = {**REQUEST, "system": "Ünïcode \U0001f600"}
    turned = {name: request[name] for name in reversed(request)}
    turned["messages"] = [{name: USER[name] for name in reversed(USER)}]
    for other in (turned, request):
        for layout in ({}, {"separators": (", ", ": ")}, {"indent": 1}, {"ensure_ascii": False}):
            assert of(other, **layout) == of(request)


@pytest.mark.parametrize(
    ("change", "changed"),
    [
        ({"system": "You sort letters."}, {"system"}),
        ({"messages": [{**USER, "content": "Where?"}]}, {"messages"}),
        ({"messages": [USER, ASSISTANT, USER]}, {"messages", "opening"}),
        ({"tools": []}, {"tools"}),
        ({"temperature": 1.0}, {"parameters"}),
        ({"thinking": {"type": "adaptive"}}, {"parameters"}),
        ({"max_tokens": 2048}, {"max_tokens"}),
        ({"model": "claude-opus-4-7"}, set()),
        ({"stream": True}, set()),
        ({"metadata": {"user_id": "u1"}}, set()),
    ],
)
def test_each_part_changes_its_own_hash_only(change: dict[str, Any], changed: set[str]) -> None:
    assert differing(of(REQUEST), of({**REQUEST, **change})) == changed


def test_the_header_of_betas_is_a_parameter_in_whatever_order() -> None:
    body = json.dumps(REQUEST, separators=(",", ":")).encode()
    plain, one, other = (Fingerprints().of_messages(body, betas)[0] for betas in ("", "a,b", "b, a"))
    assert one == other != plain


def test_the_opening_is_what_stands_before_the_first_answer() -> None:
    """A conversation that goes on otherwise began alike."""
    first = of({**REQUEST, "messages": [USER, ASSISTANT, USER]})
    second = of({**REQUEST, "messages": [USER, ASSISTANT, {**USER, "content": "And now?"}]})
    assert first["opening"] == second["opening"] == of(REQUEST)["messages"]
    assert first["messages"] != second["messages"]


def test_a_turn_names_the_request_whose_answer_it_follows() -> None:
    """After one answer that is the opening; after several it stands by itself."""
    second = [USER, ASSISTANT, {**USER, "content": "And now?"}]
    third = [*second, ASSISTANT, USER]
    found = [of({**REQUEST, "messages": messages}) for messages in ([USER], second, third)]
    assert "follows" not in found[0] | found[1]
    assert (found[1]["opening"], found[2]["follows"]) == (found[0]["messages"], found[1]["messages"])
    whole = json.dumps(third, sort_keys=True, separators=(",", ":")).encode()
    assert (
        found[2]["messages"] == f"{blake2b(whole, digest_size=5, key=b'pytest-claude-budget').hexdigest()}:{len(whole)}"
    )


@pytest.mark.parametrize(
    "form", ["toolu_01{}", "toolu_bdrk_01{}", "srvtoolu_01{}", "msg_01{}", "req_011{}", "toolu_vrtx_01{}"]
)
def test_ids_that_the_api_gave_out_are_in_no_hash(form: str) -> None:
    """In calls of tools, in their results, and in a plain question; what a person named stays."""

    def asked(id_: str) -> list[dict[str, Any]]:
        use = {"type": "tool_use", "id": id_, "name": "find", "input": {}}
        result = {"type": "tool_result", "tool_use_id": id_, "content": "found", **MARK}
        loop = [USER, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
        plain = [{"role": "user", "content": f"Look at {id_}."}]
        return [of({**REQUEST, "messages": messages}) for messages in (loop, plain)]

    one, other = (form.format(letters * 22) for letters in "aB")
    assert asked(one) == asked(other)
    assert asked("toolu_first_lookup") != asked("toolu_second_lookup")


def test_text_and_blocks_are_told_apart_as_they_are_sent() -> None:
    assert differing(of(REQUEST), of({**REQUEST, "system": [block("You sort tickets.")]})) == {"system"}


def test_breakpoints_are_listed_in_the_order_of_the_prompt() -> None:
    request = {
        **REQUEST,
        "system": [block("one"), block("two", cache_control={"type": "ephemeral", "ttl": "1h"})],
        "messages": [{"role": "user", "content": [block("a", **MARK), block("b")]}],
        "tools": [{**REQUEST["tools"][0], **MARK}],
        **MARK,
    }
    found = of(request)
    assert found["cache"] == [["tools", "5m"], ["system[1]", "1h"], ["messages[0]", "5m"], ["automatic", "5m"]]
    assert len(set(found["prefix"])) == 4
    assert len(found["system_blocks"]) == 2


def test_a_breakpoint_changes_no_other_part() -> None:
    """Also one inside of a tool's result."""
    result = {"type": "tool_result", "tool_use_id": "t", "content": [block("found")]}
    marked = {**result, "content": [block("found", **MARK)]}
    plain = {**REQUEST, "system": [block("one")], "messages": [{"role": "user", "content": [result]}]}
    cached = {**plain, "system": [block("one", **MARK)], "messages": [{"role": "user", "content": [marked]}]}
    assert differing(of(plain), of(cached)) == {"cache", "prefix"}
    assert of(cached)["cache"] == [["system[0]", "5m"], ["messages[0]", "5m"]]


def test_a_prefix_changes_with_all_that_comes_before_it_and_nothing_after() -> None:
    def with_system(first: str, last: str, tool: str = "find") -> list[str]:
        system = [block(first, **MARK), block("middle", **MARK), block(last)]
        prefixes: list[str] = of({**REQUEST, "system": system, "tools": [{"name": tool}]})["prefix"]
        return prefixes

    base = with_system("one", "end")
    assert with_system("one", "other end") == base
    assert with_system("two", "end")[0] != base[0]
    assert with_system("two", "end")[1] != base[1]
    assert with_system("one", "end", tool="seek")[0] != base[0]


def test_a_longer_conversation_keeps_the_prefix_of_its_earlier_breakpoint() -> None:
    """So that a cache that was written can be told from one that should have been read."""
    start = {"role": "user", "content": [block("document", **MARK)]}
    short, long = of({**REQUEST, "messages": [start]}), of({**REQUEST, "messages": [start, ASSISTANT, USER]})
    assert short["prefix"] == long["prefix"]


def test_only_so_many_breakpoints_and_blocks_are_listed() -> None:
    found = of({**REQUEST, "system": [block(str(number), **MARK) for number in range(100)]})
    assert (len(found["cache"]), len(found["prefix"]), len(found["system_blocks"])) == (16, 16, 8)


def test_a_remembered_end_gives_the_same_and_the_memory_is_bounded() -> None:
    made = Fingerprints()
    bodies = [json.dumps({**REQUEST, "system": f"{n % 100}"}, separators=(",", ":")).encode() for n in range(300)]
    assert [made.of_messages(body) for body in bodies] == [Fingerprints().of_messages(body) for body in bodies]
    assert len(made._rests) <= requests.MOST_REMEMBERED


@pytest.mark.parametrize(
    "body",
    [
        None,
        b"",
        b"not JSON",
        b"[1]",
        b"\xff\xfe",
        b'{"max_tokens":1,"messages":[',
        b'{"max_tokens":1,"messages":[],}',
        b'{"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"max_tokens":1,"messages":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"messages":' + b"9" * 10_000 + b"}",
    ],
)
def test_what_is_no_request_has_no_fingerprint(body: bytes | None) -> None:
    assert Fingerprints().of_messages(body)[0] is None
    assert of_batch(body) is None


def test_odd_requests_have_one_all_the_same() -> None:
    """Lone surrogates, numbers without end, names that come twice, parts of a type that nobody expects."""
    for text in (
        r'{"max_tokens":1,"messages":[{"role":"user","content":"\ud800"}]}',
        '{"messages":NaN,"temperature":1e999}',
        '{"messages":1,"system":2,"tools":3,"cache_control":4,"max_tokens":"5"}',
        '{"max_tokens":1,"messages":[3,null,{"role":7,"content":{"cache_control":{}}}],"system":{"cache_control":{}}}',
    ):
        assert Fingerprints().of_messages(text.encode())[0] is not None
    once, twice = '{"max_tokens":1,"messages":[2]}', '{"max_tokens":1,"messages":[1],"messages":[2]}'
    assert Fingerprints().of_messages(once.encode()) == Fingerprints().of_messages(twice.encode())
    assert of({**REQUEST, "max_tokens": True}).keys() == of({**REQUEST, "max_tokens": -1}).keys()
    assert "max_tokens" not in of({**REQUEST, "max_tokens": True})


def test_long_messages_are_hashed_as_they_were_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their length is the text's; everything else is told apart as before."""
    plain = of({**REQUEST, "messages": [USER, ASSISTANT]})
    monkeypatch.setattr(requests, "LARGEST_CANONICAL", 20)
    sent = '[{"role":"user","content":"Where is my order?"},{"role":"assistant","content":"On its way."}]'
    long = of({**REQUEST, "messages": [USER, ASSISTANT]})
    assert differing(plain, long) == {"messages", "opening"}
    assert long["messages"].endswith(f":{len(sent)}")
    assert set(of({"model": "m", **REQUEST})) == {"messages"}
    monkeypatch.setattr(requests, "LARGEST_PARSED", 20)
    assert set(of(REQUEST)) == {"messages"}


def test_a_batch_has_one_hash_over_all_its_requests() -> None:
    batch = [{"custom_id": "a", "params": REQUEST}]
    one, other = (of_batch(json.dumps({"requests": batch}, indent=indent).encode()) for indent in (None, 2))
    assert one == other
    assert one is not None
    assert set(json.loads(one)) == {"messages"}
    assert of_batch(json.dumps({"requests": batch * 2}).encode()) != one
    assert of_batch(b'{"other": 1}') is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("cache_control"), inner, max_size=3)
    ),
    max_leaves=10,
)


def as_a_whole(request: dict[str, Any]) -> dict[str, Any]:
    """The fingerprint of the same request, in a spelling that only a parser understands."""
    sent = json.dumps(request, separators=(",", ":")).replace('"messages"', r'"\u006dessages"')
    text, *_ = Fingerprints().of_messages(sent.encode())
    assert text is not None
    found: dict[str, Any] = json.loads(text)
    return found


LAYOUTS: tuple[dict[str, Any], ...] = ({}, {"separators": (", ", ": ")}, {"indent": 1}, {"ensure_ascii": False})


@given(st.fixed_dictionaries({"max_tokens": JSON, "messages": JSON}, optional={"system": JSON, "tools": JSON}), JSON)
@settings(max_examples=tries(200), deadline=None)
def test_both_ways_of_reading_a_request_agree(request: dict[str, Any], more: object) -> None:
    """As the SDK lays it out, in any other order and spacing, and read as a whole."""
    request = {**request, "more": more}
    turned = {name: request[name] for name in reversed(request)}
    middle = {"more": more, "messages": request["messages"], **request}
    for each in (request, turned, middle):
        for layout in LAYOUTS:
            assert of(each, **layout) == as_a_whole(request)


@pytest.mark.parametrize(
    "request_",
    [
        {"tools": [{"input_schema": {"properties": {"messages": {"type": "array"}}}}], **REQUEST},
        {**REQUEST, "tools": [{"input_schema": {"properties": {"messages": {"type": "array"}}}}]},
        {"system": 'Answer as {"messages": [{"role": "user", "content": "', **REQUEST},
        {"system": "messages", **REQUEST},
        {'say "messages': [{"role": "user", "content": "No."}], **REQUEST},
        {"inner": {"messages": [{"role": "user", "content": "No."}]}, **REQUEST},
        {"inner": {"messages": [{"role": "user", "content": "No."}]}, "model": "m"},
        {"metadata": {"messages": 0}, "stream": True, "messages": [USER]},
        {"model": "größer", "messages": [{"role": "user", "content": "Grüße"}], "max_tokens": 7},
    ],
)
def test_the_messages_are_the_requests_own_wherever_they_stand(request_: dict[str, Any]) -> None:
    for layout in LAYOUTS:
        found = of(request_, **layout)
        assert found == as_a_whole(request_)


def test_what_stands_around_the_messages_is_remembered_in_every_layout() -> None:
    """So that the next question is not read as a whole; a request with another limit is another one."""
    made = Fingerprints()

    def ask(question: str, limit: int) -> dict[str, Any]:
        asked = {"model": "m", "max_tokens": limit, "messages": [{"role": "user", "content": question}], "system": "s"}
        found: dict[str, Any] = json.loads(made.of_messages(json.dumps(asked).encode())[0] or "")
        assert found == as_a_whole(asked)
        return found

    ask("one", 5)
    remembered = len(made._rests)
    ask("two", 5)
    assert remembered == len(made._rests) == 1
    assert ask("two", 6)["max_tokens"] == 6


QUESTIONS = (
    st.sampled_from(["", "_", "a_b", "toolu_01A2b3C4d5E6f7G8h9", 'say "it"', "back\\slash", "ünï", "x" * 300])
    | st.text()
)


@given(
    asked=st.lists(
        st.tuples(
            QUESTIONS,
            st.sampled_from(["sdk", "spaced", "last", "twice", "two"]),
            st.integers(1, 3),
            st.sampled_from(["", "beta-1"]),
        ),
        min_size=2,
    )
)
@example(asked=[("one", "sdk", 1, ""), ("two", "sdk", 1, "beta-1"), ("three", "sdk", 2, "beta-1")])
@settings(max_examples=tries(200))
def test_what_came_before_changes_no_fingerprint(asked: list[tuple[str, str, int, str]]) -> None:
    """Where the last question began, the next is looked for first; some begin there and are no single question, or another one."""
    prints = Fingerprints()
    for question, layout, limit, betas in asked:
        body = _laid_out(question, layout, limit)
        assert prints.of_messages(body, betas) == Fingerprints().of_messages(body, betas)


def _laid_out(question: str, layout: str, limit: int) -> bytes:
    message, rest = {"role": "user", "content": question}, {"model": "claude-haiku-4-5", "system": "Sort."}
    several = [message, ASSISTANT, USER] if layout == "two" else [message]
    last = {**rest, "max_tokens": limit, "messages": several}
    request = {"max_tokens": limit, "messages": several, **rest}
    if layout in ("spaced", "last"):
        return json.dumps(last if layout == "last" else request).encode()
    body = json.dumps(request, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    return body[:-1] + b',"messages":[]}' if layout == "twice" else body


def test_a_question_that_is_too_long_is_hashed_as_it_was_sent_whatever_came_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prints = Fingerprints()
    prints.of_messages(_laid_out("short", "sdk", 1))
    monkeypatch.setattr(requests, "LARGEST_CANONICAL", 200)
    body = _laid_out("x" * 300, "sdk", 1)
    assert prints.of_messages(body) == Fingerprints().of_messages(body)


@given(st.text(), st.booleans())
def test_one_plain_question_needs_no_parser_for_the_same_hash(question: str, escaped: bool) -> None:
    request = {**REQUEST, "messages": [{"role": "user", "content": question}]}
    turned = {name: request[name] for name in reversed(request)}
    assert of(request, ensure_ascii=escaped) == of(turned)
