"""Lines of batch results that have the form of an earlier one say the same as if each were parsed."""

import json
import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer, Usage
from pytest_claude_budget.wire import alike_lines
from pytest_claude_budget.wire.batches import BatchReader
from pytest_claude_budget.wire.bodies import BatchBody
from pytest_claude_budget.wire.routes import Kind
from tests.wire.answers import Json, cut, exchange, message, singly, usage

BATCH = exchange(Kind.BATCH_RESULTS, requested=None, batch_id="msgbatch_1", evident=True)
ON, OFF = (mock.patch.object(alike_lines, "LEARNED_FROM", first) for first in (1, 10**9))
"""Forms from the first line on; none at all."""


def line(custom_id: object, *, style: tuple[str, str] = (",", ":"), in_ascii: bool = False, **fields: object) -> bytes:
    value = {"custom_id": custom_id, "result": {"type": "succeeded", "message": message(**fields)}}
    return json.dumps(value, separators=style, ensure_ascii=in_ascii).encode("utf-8", "surrogatepass") + b"\n"


def found(pieces: Iterable[bytes]) -> list[Answer | Alike]:
    reader = BatchReader(BATCH)
    return [each for piece in pieces for each in reader.feed(piece)] + reader.close()


def parsed(*lines: bytes) -> list[Answer]:
    """What lines say, each of them parsed."""
    with OFF:
        answers = found([b"".join(lines)])
    assert not any(isinstance(each, Alike) for each in answers)
    return singly(answers)


def read(*lines: bytes) -> list[Answer | Alike]:
    """What lines say, with forms."""
    with ON:
        answers = found([b"".join(lines)])
    assert singly(answers) == parsed(*lines)
    return answers


def alike(answers: Iterable[Answer | Alike]) -> list[int]:
    """How many answers are in each value, 0 for one that was parsed."""
    return [len(each) if isinstance(each, Alike) else 0 for each in answers]


TEXTS = [
    "",
    "Hello",
    'He said "no"\n\t\\',
    "naïve 日本 🎉",
    '"usage":{"input_tokens":7}',
    '"}],"usage":{"output_tokens":9}}}}',
]
STYLES: list[dict[str, Any]] = [
    {"style": style, "in_ascii": in_ascii} for style in ((",", ":"), (", ", ": ")) for in_ascii in (True, False)
]


@pytest.mark.parametrize("style", STYLES)
def test_lines_that_differ_in_texts_and_counts_are_one_value(style: dict[str, Any]) -> None:
    """The first is parsed, and the others have its form, however JSON is written."""
    lines = [
        line(
            f"item-{number}",
            content=[{"type": "text", "text": words}],
            id=f"msg_{number}",
            usage=usage(input_tokens=7 + number, output_tokens=10**number, cache_read_input_tokens=number % 2),
            **style,
        )
        for number, words in enumerate(TEXTS)
    ]
    answers = read(*lines)
    assert alike(answers) == [0, 5]
    last = singly(answers)[-1]
    assert last.usage == Usage(input_tokens=12, output_tokens=100_000, cache_read_input_tokens=1)


@pytest.mark.parametrize("column", ["5m", "1h"])
def test_cache_writes_of_one_lifetime_are_a_count_as_any_other(column: str) -> None:
    """As long as the sum says the same as its only part."""

    def written(total: int, part: int) -> bytes:
        split = {
            "ephemeral_5m_input_tokens": 0,
            "ephemeral_1h_input_tokens": 0,
            f"ephemeral_{column}_input_tokens": part,
        }
        return line("a", usage=usage(cache_creation_input_tokens=total, cache_creation=split))

    answers = read(written(10, 10), written(2_000, 2_000), written(0, 0), written(30, 20))
    assert alike(answers) == [0, 2, 0]
    assert getattr(singly(answers)[1].usage, f"cache_creation_{column}_input_tokens") == 2_000
    assert "priced at" in singly(answers)[3].notes[0]


def test_tokens_of_thinking_are_inside_the_output() -> None:
    """Whatever their number, but for none: then nothing beside them was looked at."""
    counts = [usage(output_tokens_details={"thinking_tokens": number}) for number in (5, 12, 0)]
    assert alike(read(*[line("a", usage=each) for each in counts])) == [0, 1, 0]


TOOL = {
    "type": "tool_use",
    "id": "toolu_1",
    "name": "sort",
    "input": {"usage": {"input_tokens": 5}, "urgent": True, "x": [1.5]},
}


def test_what_the_model_wrote_may_be_several_blocks_and_the_input_of_a_tool() -> None:
    """Objects of whatever name in it are the model's words."""
    thought = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
    other = {**TOOL, "input": {"usage": {"input_tokens": 99}, "urgent": False, "x": [-2]}}
    answers = read(line("a", content=[thought, TOOL]), line("b", content=[thought, other]), line("c", content=[other]))
    assert alike(answers) == [0, 1, 0]


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "claude-opus-4-6"},
        {"stop_reason": "refusal"},
        {"usage": usage(input_tokens=0)},
        {"usage": usage(output_tokens=0)},
        {"usage": usage(input_tokens=-1)},
        {"usage": usage(input_tokens=1.5)},
        {"usage": usage(input_tokens=10**12)},
        {"usage": usage(output_tokens="12")},
        {"usage": usage(output_tokens=None)},
        {"usage": usage(service_tier="priority")},
        {"usage": usage(new_tokens=1)},
        {"usage": {}},
        {"content": []},
        {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"more": 1},
    ],
)
def test_a_line_that_says_something_else_is_parsed(changes: Json) -> None:
    """And those around it are not."""
    assert alike(read(line("a"), line("b"), line("c", **changes), line("d")))[:3] == [0, 1, 0]


LINE = line("a").decode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"custom_id":"a"', '"custom_id":5'),
        ('"custom_id":"a"', r'"custom_id":"\u0061"'),
        ('"custom_id":"a"', '"custom_id":"a","custom_id":"b"'),
        ('"custom_id":"a"', '"custom_id":"\x01"'),
        ("Hello", "Hel\tlo"),
        ("Hello", r"Hel\qlo"),
        ("Hello", 'Hello","text":"Bye'),
        ('"Hello"}]', '"Hello"}],"usage":{"input_tokens":1,"output_tokens":1}'),
        ('"input_tokens":120', '"input_tokens":0120'),
        ('"input_tokens":120', '"input_tokens":120,"input_tokens":7'),
        ('"input_tokens":120', '"input_tokens":1e3'),
        ('"input_tokens":120', '"input_tokens":"120"'),
        ('"not_available"}', '"not_available"},"usage":{"input_tokens":5,"output_tokens":6}'),
        ("}\n", "}\r\n"),
        ("}\n", "} \n"),
        ("}\n", "}x\n"),
        ("}\n", "\n"),
        ('{"custom_id"', ' {"custom_id"'),
    ],
)
def test_bytes_that_differ_anywhere_else_are_parsed(old: str, new: str) -> None:
    """Whether they are JSON or not: `read` compares with what the parser says."""
    assert LINE.replace(old, new) != LINE
    answers = read(line("a"), line("b"), LINE.replace(old, new).encode(), line("d"))
    assert len(singly(answers)) == 4
    assert alike(answers)[:2] == [0, 1]


@pytest.mark.parametrize("wrong", [b"\xff", b"\xed\xa0\x80", b"\xc3"])
def test_bytes_that_are_no_utf_8_are_parsed(wrong: bytes) -> None:
    """In a text of the model's; the lines that come with them in one piece, too."""
    read(line("a"), line("b"), line("c").replace(b"Hello", wrong), line("d"))


def test_an_answer_that_says_more_than_counts_has_no_form() -> None:
    """Notes, gaps and iterations are worked out for each."""
    split = {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 1}
    for counts in (
        usage(cache_creation_input_tokens=5, cache_creation=split),
        usage(new_tokens=5),
        usage(iterations=[{"type": "message", "model": "claude-x", **usage()}]),
    ):
        assert alike(read(*[line("a", usage=counts)] * 3)) == [0, 0, 0]


def test_few_lines_are_parsed() -> None:
    """To make a form takes longer than that."""
    data = line("a") * (alike_lines.LEARNED_FROM + 5)
    assert alike(found([data])) == [*[0] * alike_lines.LEARNED_FROM, 5]


def test_there_are_only_so_many_forms_and_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without any regularity costs no more than so much."""
    made: list[object] = []
    make = alike_lines._form_of
    monkeypatch.setattr(alike_lines, "_form_of", lambda *of: made.append(of) or make(*of))
    lines = [line("a", content=[{"type": "text", "text": "x"}] * number) for number in range(1, 40)]
    read(*lines * 2)
    assert len(made) == alike_lines.MOST_FORMS
    made.clear()
    read(*[line("a", content=[])] * 100)
    assert len(made) == alike_lines.MOST_TRIES


def test_no_form_is_made_of_a_line_that_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor of one with thousands of values."""
    many = [{"type": "tool_use", "input": list(range(3_000))}]
    assert alike(read(*[line("a", content=many)] * 3)) == [0, 0, 0]
    long = [{"type": "text", "text": "x" * 300_000}]
    assert alike(read(*[line("a", content=long)] * 3)) == [0, 0, 0]
    assert alike(read(line("a"), line("b", content=long))) == [0, 1]
    monkeypatch.setattr(alike_lines, "LONGEST_LEARNED", 10)
    assert alike(read(line("a"), line("b"))) == [0, 0]


def test_forms_that_are_of_no_use_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each of the lines would be looked at twice."""
    monkeypatch.setattr(alike_lines, "MOST_MISSED", 10)
    assert alike(read(line("a"), line("b"), line("c", content=[]) * 20, line("d"))) == [0, 1, *[0] * 21]


def test_a_deep_line_does_no_harm() -> None:
    """Whoever parses it may need no stack, and we would."""
    deep: Any = "x"
    for _ in range(400):
        deep = [deep]
    read(*[line("a", content=[{"type": "tool_use", "input": deep}])] * 3)


WORDS = st.one_of(st.sampled_from(TEXTS), st.text(max_size=8))
COUNTS = st.one_of(st.integers(0, 3), st.integers(-1, 10**13), st.none(), st.floats(0, 5), st.just("7"))


@st.composite
def usages(draw: st.DrawFn) -> Json:
    counts = usage(input_tokens=draw(st.integers(0, 300)), output_tokens=draw(st.integers(0, 300)))
    changed = draw(st.dictionaries(st.sampled_from(sorted({*counts, "new_tokens", "iterations"})), COUNTS, max_size=2))
    if draw(st.booleans()):
        five, hour, more = (draw(st.integers(0, 2)) for _ in range(3))
        counts["cache_creation_input_tokens"] = five + hour + more
        counts["cache_creation"] = {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour}
    if draw(st.booleans()):
        counts["output_tokens_details"] = {"thinking_tokens": draw(st.integers(0, 9))}
    return {**counts, **changed} if draw(st.integers(0, 3)) == 0 else counts


INNER = st.recursive(
    st.one_of(WORDS, st.integers(), st.floats(allow_nan=False), st.booleans(), st.none()),
    lambda each: st.one_of(st.lists(each, max_size=2), st.dictionaries(st.sampled_from(["usage", "type", "x"]), each)),
    max_leaves=5,
)
BLOCKS = st.one_of(
    st.builds(lambda words: {"type": "text", "text": words}, WORDS),
    st.builds(lambda value: {"type": "tool_use", "id": "toolu_1", "name": "usage", "input": value}, INNER),
)


@st.composite
def lines(draw: st.DrawFn) -> list[bytes]:
    style = draw(st.sampled_from(STYLES))
    made = []
    for _ in range(draw(st.integers(2, 8))):
        changes: Json = {"usage": draw(usages()), "content": draw(st.lists(BLOCKS, max_size=2))}
        if draw(st.integers(0, 5)) == 0:
            changes |= draw(st.sampled_from([{"id": 5}, {"stop_reason": "refusal"}, {"model": None}, {"usage": None}]))
        one = line(draw(WORDS), **style, **changes)
        if draw(st.integers(0, 5)) == 0:  # doubled keys, numbers as nobody writes them, and what is no JSON
            old, new = draw(
                st.sampled_from([(b'"usage"', b'"usage":{},"usage"'), (b"1", b"01"), (b"}", b""), (b"e", b"\x01")])
            )
            one = one.replace(old, new, draw(st.integers(1, 3)))
        made.append(one)
    return made


@given(lines(), st.lists(st.integers(0, 10_000), max_size=6))
@example([line("a"), line("a")], [0])
def test_any_lines_say_the_same_as_if_each_were_parsed(made: list[bytes], places: list[int]) -> None:
    """With all that could be taken for something else, and cut anywhere."""
    data = b"".join(made * 2)
    expected = parsed(data)
    with ON:
        assert singly(found(cut(data, places))) == expected


def mutated() -> Iterator[bytes]:
    """A line with any one of its bytes gone, doubled, or another."""
    data = line("abc", content=[{"type": "text", "text": 'a "b" \\'}, TOOL])[:-1]
    for at in range(len(data)):
        for other in (b"", data[at : at + 1] * 2, b'"', b"\\", b"0", b"9", b",", b"}"):
            yield data[:at] + other + data[at + 1 :] + b"\n"


def test_any_byte_that_is_wrong_is_noticed() -> None:
    """Each line says what the parser says."""
    first = line("abc", content=[{"type": "text", "text": 'a "b" \\'}, TOOL])
    reader = BatchReader(BATCH)
    with ON:
        reader.feed(first)
        assert isinstance(reader.feed(first)[0], Alike)
        reader._alike._tries = alike_lines.MOST_TRIES  # this form and no other
        reader._alike._missed = -10_000  # and for as long as it takes
        answers = [singly(reader.feed(one)) for one in mutated()]
        assert isinstance(reader.feed(first)[0], Alike)
    assert answers == [parsed(one) for one in mutated()]


def test_a_large_piece_is_read_in_small_ones() -> None:
    """As text, it would take four times its bytes."""
    data = line("🎉", content=[{"type": "text", "text": "x" * 1_000}]) * 4_000
    body_ = BatchBody(BATCH)
    tracemalloc.start()
    try:
        said = body_.feed(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert said is not None
    assert len(singly(said.items)) == 4_000
    assert peak < len(data) / 4
