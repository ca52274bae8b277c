"""Several messages in one stream: a gateway lost its upstream, asked again, and put the new answer behind the old one."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.wire.bodies import body_of, read_whole
from pytest_claude_budget.wire.stream_bodies import StreamBody
from tests.wire.answers import OVERLOADED, STOP, block, cut, delta, event, exchange, message, read, start, text, usage

OPUS, HAIKU = "claude-opus-4-1", "claude-haiku-4-5"
ANOTHER = "another message began in the stream before this one had ended"


def begun(name: str | None, tokens: int, **fields: object) -> bytes:
    """The start of a message with this id, and a piece of text: 350 characters are 100 tokens on older models."""
    first = start(id=name, usage=usage(input_tokens=tokens, output_tokens=1), **fields)
    return first + block() + text("x" * 350)


def ended(tokens: int) -> bytes:
    return delta(output_tokens=tokens) + STOP


def of(data: bytes, pieces: Iterable[bytes] = (), *, complete: bool = True) -> list[Answer]:
    """All messages of a stream, in their order."""
    own, items = read(StreamBody(exchange()), pieces or [data], complete=complete)
    assert own is not None
    return [*items, own]


def told(answers: Iterable[Answer]) -> list[tuple[Status, int, int]]:
    return [(each.status, each.usage.input_tokens, each.usage.output_tokens) for each in answers]


def test_a_message_that_another_one_follows_is_a_lower_bound() -> None:
    """50,000 of input each; 100 tokens of output were seen of the first, 80 are stated of the second."""
    first, second = of(begun("msg_A", 50_000) + begun("msg_B", 50_000) + ended(80))
    assert told([first, second]) == [(Status.AT_LEAST, 50_000, 100), (Status.MEASURED, 50_000, 80)]
    assert (first.reason, second.reason) == (ANOTHER, None)
    assert first.notes == ("output estimated from 350 characters seen",)


def test_a_message_that_had_ended_is_exact() -> None:
    """1,000 + 80 tokens of output, both as stated."""
    answers = of(begun("msg_A", 50_000) + ended(1_000) + begun("msg_B", 50_000) + ended(80))
    assert told(answers) == [(Status.MEASURED, 50_000, 1_000), (Status.MEASURED, 50_000, 80)]


def test_each_message_has_its_own_model() -> None:
    """A gateway falls back to another one: each is priced by its own rates."""
    answers = of(begun("msg_A", 10, model=OPUS) + begun("msg_B", 20, model=HAIKU) + ended(80))
    assert [each.model for each in answers] == [OPUS, HAIKU]


def test_an_error_between_two_messages_belongs_to_the_first() -> None:
    """The second is whole."""
    first, second = of(begun("msg_A", 10) + OVERLOADED + begun("msg_B", 20) + ended(80))
    assert (first.status, first.reason) == (Status.AT_LEAST, "the stream broke off with an error event")
    assert told([second]) == [(Status.MEASURED, 20, 80)]


def test_three_messages_are_three_calls() -> None:
    """The last one was left in the middle."""
    answers = of(begun("a", 1) + ended(5) + begun("b", 2) + begun("c", 3), complete=False)
    assert told(answers) == [(Status.MEASURED, 1, 5), (Status.AT_LEAST, 2, 100), (Status.AT_LEAST, 3, 100)]
    assert [each.reason for each in answers] == [None, ANOTHER, "the stream was not read to its end"]


def test_an_id_that_is_said_twice_is_one_message() -> None:
    """The gateway repeats its start; nothing is added."""
    for between in (b"", block() + text("x" * 350), OVERLOADED):
        assert told(of(start(id="a") + between + begun("a", 120) + ended(80))) == [(Status.MEASURED, 120, 80)]


@pytest.mark.parametrize("names", [(None, None), ("a", None), (None, "b")])
def test_without_ids_a_start_after_content_or_an_end_is_another_message(names: tuple[str | None, str | None]) -> None:
    """Rather twice than not at all; a start right behind a start is a repetition."""
    one, other = names
    assert len(of(begun(one, 10) + begun(other, 20) + ended(80))) == 2
    assert len(of(start(id=one) + delta(output_tokens=5) + begun(other, 20) + ended(80))) == 2
    assert len(of(start(id=one) + OVERLOADED + begun(other, 20) + ended(80))) == 2
    assert len(of(start(id=one) + begun(other, 20) + ended(80))) == 1


def test_the_second_message_may_lack_its_last_line_end() -> None:
    """Its start, or its end, is found when the stream is over."""
    whole = begun("a", 1) + ended(5)
    assert told(of(whole + start(id="b").rstrip(b"\n")))[1] == (Status.AT_LEAST, 120, 1)
    assert told(of(whole + begun("b", 2) + delta(output_tokens=7).rstrip(b"\n")))[1] == (Status.MEASURED, 2, 7)


def test_the_first_message_is_told_once_and_at_once() -> None:
    """With the first state of the second one, so that a process that dies then leaves both."""
    stream = StreamBody(exchange())
    stream.feed(begun("a", 1))
    said = stream.feed(start(id="b"))
    assert said is not None
    assert said.own is not None
    assert (told(said.items), told([said.own])) == ([(Status.AT_LEAST, 1, 100)], [(Status.AT_LEAST, 120, 1)])
    rest = [stream.feed(block() + text("Hello")), stream.feed(ended(5)), stream.end(complete=True)]
    assert [each.items for each in rest if each is not None] == [()]


def test_a_stream_that_is_here_already_has_them_too() -> None:
    """As from a double or a cassette, under any type."""
    data = begun("a", 1) + ended(5) + begun("b", 2) + ended(7)
    for content_type in ("text/event-stream", "application/json"):
        said = list(read_whole(body_of(exchange(), content_type, data[:16]), data))
        assert told(item for each in said for item in each.items) == [(Status.MEASURED, 1, 5)]
        assert said[-1].own is not None
        assert told([said[-1].own]) == [(Status.MEASURED, 2, 7)]


STREAM = begun("a", 11) + OVERLOADED + begun("b", 22) + ended(5) + begun("c", 33, model=OPUS) + ended(7)


@given(st.lists(st.integers(min_value=0, max_value=5_000), max_size=12), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_chunks_cut_anywhere_change_nothing(places: list[int], end: bytes) -> None:
    """Each message is the same, and told once."""
    data = STREAM.replace(b"\n", end)
    assert of(data, cut(data, places)) == of(STREAM)


def test_text_about_messages_begins_none() -> None:
    """A model may write about this very API."""
    words = 'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_B"}}\n\n'
    assert len(of(begun("a", 1) + text(words) + ended(5))) == 1
    decoy = event("usage_report", {"type": "message_start", "message": message(id="msg_B")})
    assert len(of(begun("a", 1) + decoy + ended(5))) == 1


def test_counts_do_not_flow_from_one_message_to_the_next() -> None:
    """Cache reads of the first, content of the first, the end of the first."""
    first = start(id="a", usage=usage(cache_read_input_tokens=7)) + block() + text("x" * 350) + ended(45)
    second = start(id="b", usage=usage(input_tokens=5)) + delta("refusal", output_tokens=0) + STOP
    answers = of(first + second)
    assert answers[0].usage == Usage(input_tokens=120, cache_read_input_tokens=7, output_tokens=45)
    assert (answers[1].usage, answers[1].notes) == (Usage(), ("refused before any output: not billed",))
