"""What a request and its answer say besides fingerprint and counts: hashes and lengths for advice, and no text."""

import json

import pytest

from pytest_claude_budget.calls.call import Answer
from pytest_claude_budget.wire.bodies import JsonBody
from pytest_claude_budget.wire.canonical import name_hash
from pytest_claude_budget.wire.messages import read_answer
from pytest_claude_budget.wire.request_facts import OPEN_TEXT
from pytest_claude_budget.wire.requests import Fingerprints
from pytest_claude_budget.wire.stop_reasons import tools_called
from pytest_claude_budget.wire.stream_bodies import StreamBody
from tests.wire.answers import MODEL, STOP, Json, block, body, delta, exchange, message, read, start, text

WEATHER: Json = {"name": "get_weather", "input_schema": {"type": "object"}}
TIME: Json = {"name": "get_time", "input_schema": {"type": "object"}}
DOCUMENT = "a contract " * 200
"""2,200 characters."""


def facts(messages: object, **more: object) -> Json | None:
    """Of a request in the layout of the SDK."""
    sent = body({"max_tokens": 100, "messages": messages, "model": MODEL, **more})
    _, _, found = Fingerprints().of_messages(sent)
    read_back: Json | None = None if found is None else json.loads(found)
    return read_back


def said(*blocks: object) -> list[Json]:
    return [{"role": "user", "content": list(blocks)}]


def words(text: str) -> Json:
    return {"type": "text", "text": text}


@pytest.mark.parametrize(
    "messages", ["Hi", [{"role": "user", "content": "Hi"}], said(words("Hi")), said(words("Hi"), words("you"))]
)
def test_most_requests_have_no_facts(messages: object) -> None:
    """Nothing is stored for them."""
    assert facts(messages) is None


def test_tools_are_listed_by_hash_and_length_in_their_order() -> None:
    """A plain question and one in blocks say the same; 55 and 52 bytes of canonical JSON."""
    listed = [f"{name_hash('get_weather')}:55", f"{name_hash('get_time')}:52"]
    for messages in ([{"role": "user", "content": "Hi"}], said(words("Hi"))):
        assert facts(messages, tools=[WEATHER, TIME]) == {"tools": listed}
    assert "weather" not in str(facts("Hi", tools=[WEATHER]))


@pytest.mark.parametrize(
    ("messages", "more"),
    [
        (said({"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}), {}),
        (said({"type": "tool_result", "content": [{"type": "image", "source": {}}]}), {}),
        (said({"type": "document", "source": {"type": "file", "file_id": "file_1"}}), {}),
        (said({"type": "news"}), {}),
        (said(5), {}),
        ([{"role": "user", "content": "Hi"}], {"tools": [{"type": "web_search_20250305", "name": "web_search"}]}),
        ([{"role": "user", "content": "Hi"}], {"mcp_servers": [{"url": "https://example.com"}]}),
    ],
)
def test_what_may_have_more_tokens_than_bytes_is_open(messages: object, more: Json) -> None:
    """Images and files by name, unknown blocks, and tools that bring results at the server."""
    assert facts(messages, **more) == {"open": True}


def test_texts_that_stand_in_one_request_twice_are_counted_by_their_bytes() -> None:
    """The second and third time: 2 x 2,200 bytes. Short ones are not looked for."""
    result: Json = {"type": "tool_result", "tool_use_id": "toolu_1", "content": [words(DOCUMENT)]}
    document: Json = {"type": "document", "source": {"type": "text", "data": DOCUMENT}}
    history = [*said(words("Hi"), words(DOCUMENT)), {"role": "assistant", "content": "Hi"}, *said(document, result)]
    assert facts([*history, *said(words("Hi"))]) == {"twice": 4400}


def test_a_long_text_before_a_question_is_known_by_its_hash() -> None:
    """Two questions about one document have the same; a lone one is the question. 2,200 characters and two quotes."""
    one, other = (facts(said(words(DOCUMENT), words(question))) for question in ("Who?", "When?"))
    assert one == other
    assert str((one or {})["first"]).endswith(":2202")
    assert facts(said(words(DOCUMENT))) is None


def test_a_long_request_is_open_unread() -> None:
    """Its messages are hashed as they were sent."""
    assert Fingerprints().of_messages(body({"max_tokens": 1, "messages": "x" * 1_000_001}))[2] == OPEN_TEXT


def answer(content: object, asked: str | None) -> Answer | None:
    said_ = message(content=content, stop_reason="tool_use")
    return read_answer(body(said_), exchange()._replace(facts=asked))


def test_an_answer_tells_which_tools_it_calls() -> None:
    """Each once, in a JSON answer and in a stream, where tools were offered; and why it stopped."""
    call: Json = {"type": "tool_use", "id": "toolu_1", "name": "get_time", "input": {}}
    found = answer([words("I look"), call, call], '{"tools":[]}')
    assert found is not None
    assert (found.stop_reason, found.facts, found.called) == ("tool_use", '{"tools":[]}', name_hash("get_time"))
    assert answer([call], None) == answer([], None)
    stream = start() + block(**call) + delta("tool_use", output_tokens=45) + STOP
    own, _ = read(StreamBody(exchange()._replace(facts='{"tools":[]}')), [stream])
    assert own is not None
    assert (own.stop_reason, own.called) == ("tool_use", name_hash("get_time"))
    wordy, _ = read(StreamBody(exchange()._replace(facts="{}")), [start() + block() + text("Hi") + delta() + STOP])
    assert wordy is not None
    assert wordy.called == ""


def test_a_reason_that_is_not_known_is_not_kept() -> None:
    """It could be any text; so could the name of a tool that is none."""
    own, _ = read(JsonBody(exchange()), [body(message(stop_reason="your secret"))])
    assert own is not None
    assert own.stop_reason is None
    assert tools_called([{"type": "tool_use"}]) is None
    assert tools_called([{"type": "tool_use", "name": str(number)} for number in range(33)]) is None
