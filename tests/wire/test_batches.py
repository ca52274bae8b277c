"""What the results of a batch used, line by line."""

import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.wire import batches
from pytest_claude_budget.wire.batches import LONGEST_LINE, BatchReader
from pytest_claude_budget.wire.bodies import BatchBody
from pytest_claude_budget.wire.routes import Kind
from tests.wire.answers import MODEL, Json, body, cut, exchange, message, read, singly, usage

BATCH = exchange(Kind.BATCH_RESULTS, requested=None, batch_id="msgbatch_1", evident=True)
READ_IN_PART = Answer(
    status=Status.UNMEASURED,
    endpoint="batch_read",
    batch=True,
    batch_id="msgbatch_1",
    http_status=200,
    reason="the results of a batch were read in part",
)
READ = Answer(status=Status.FREE, endpoint="batch_read", batch=True, batch_id="msgbatch_1", http_status=200)


def line(custom_id: object, result: object) -> bytes:
    return body({"custom_id": custom_id, "result": result}) + b"\n"


def succeeded(custom_id: object, **fields: object) -> bytes:
    return line(custom_id, {"type": "succeeded", "message": message(usage=usage(service_tier="batch"), **fields)})


ERROR = {"type": "error", "error": {"type": "invalid_request_error", "message": "max_tokens: Field required"}}
ERRORED = line("errored-1", {"type": "errored", "error": ERROR})
CANCELED = line("canceled-1", {"type": "canceled"})
EXPIRED = line("expired-1", {"type": "expired"})
FILE = succeeded("naïve-日本-🎉") + ERRORED + CANCELED + EXPIRED + b"\r\n\n" + b"no json\n" + succeeded("last")


def of(*lines: bytes) -> list[Answer]:
    """The answers of a file of these lines, read to its end."""
    own, items = read(BatchBody(BATCH), lines)
    assert own == READ
    return items


def one(data: bytes) -> Answer:
    answers = of(data)
    assert len(answers) == 1
    return answers[0]


def test_a_succeeded_item_is_measured_at_the_batch_discount() -> None:
    """Known by its batch and a hash of its custom_id, whose text is not kept."""
    answer = one(succeeded("triage-1"))
    assert answer.item_id is not None
    assert "triage" not in answer.item_id
    assert answer == Answer(
        status=Status.MEASURED,
        endpoint="batch_result",
        model=MODEL,
        usage=Usage(input_tokens=120, output_tokens=45),
        batch=True,
        inference_geo="not_available",
        service_tier="batch",
        batch_id="msgbatch_1",
        item_id=answer.item_id,
        http_status=200,
        stop_reason="end_turn",
    )


def test_a_result_is_of_a_batch_whatever_its_tier_says() -> None:
    """The file proves it."""
    assert one(line("a", {"type": "succeeded", "message": message()})).batch is True


@pytest.mark.parametrize(("data", "kind"), [(ERRORED, "errored"), (CANCELED, "canceled"), (EXPIRED, "expired")])
def test_an_item_that_brought_no_answer_is_not_billed(data: bytes, kind: str) -> None:
    """And is recorded all the same."""
    answer = one(data)
    assert (answer.status, answer.reason, answer.usage) == (Status.FAILED, f"batch item {kind}", Usage())
    assert (answer.endpoint, answer.batch, answer.batch_id) == ("batch_result", True, "msgbatch_1")


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ({"type": "paused"}, "a batch item ended in a way that is not known here"),
        ({}, "a batch item ended in a way that is not known here"),
        ({"type": ["errored"]}, "a batch item ended in a way that is not known here"),
        ({"type": "succeeded"}, "a succeeded batch item holds no message"),
        ({"type": "succeeded", "message": None}, "a succeeded batch item holds no message"),
        ({"type": "succeeded", "message": {}}, "the answer states no usage"),
        ({"type": "succeeded", "message": message(usage=None)}, "the answer states no usage"),
        (None, "a line of the batch results holds no result"),
        ([], "a line of the batch results holds no result"),
    ],
)
def test_an_item_that_cannot_be_understood_is_unmeasured(result: Json | None, reason: str) -> None:
    """It may have been billed."""
    answer = one(line("a", result))
    assert (answer.status, answer.reason, answer.endpoint) == (Status.UNMEASURED, reason, "batch_result")


@pytest.mark.parametrize(
    "data", [b"{", b"null", b"[]", b"5", b"\xff", b"[" * 200_000, b'{"custom_id":"a","result":{"type":"succ', b"<html>"]
)
def test_a_line_that_is_no_json_object_is_unmeasured(data: bytes) -> None:
    """The lines around it are read."""
    before, broken, after = of(succeeded("a"), data + b"\n", succeeded("b"))
    assert (before.status, after.status) == (Status.MEASURED, Status.MEASURED)
    assert (broken.status, broken.reason) == (
        Status.UNMEASURED,
        "a line of the batch results is not a JSON object",
    )
    assert broken.item_id is not None


def test_an_item_without_a_model_is_measured_and_has_none() -> None:
    """Unpriced, then."""
    answer = one(succeeded("a", model=None))
    assert (answer.status, answer.model, answer.usage) == (
        Status.MEASURED,
        None,
        Usage(input_tokens=120, output_tokens=45),
    )


@pytest.mark.parametrize("custom_id", [None, 5, ["a"]])
def test_an_item_without_a_custom_id_is_known_by_its_line(custom_id: object) -> None:
    """So that reading it twice is one bill, and another line is another item."""
    first, again, other = of(succeeded(custom_id), succeeded(custom_id), succeeded(custom_id, id="msg_2"))
    assert first.item_id == again.item_id
    assert first.item_id != other.item_id


def test_the_same_custom_id_is_the_same_item_in_every_reading() -> None:
    """Whatever else its line says, and in whatever order lines come."""
    forward, backward = of(succeeded("a"), ERRORED), of(ERRORED, succeeded("a", id="msg_2"))
    assert [answer.item_id for answer in forward] == [answer.item_id for answer in reversed(backward)]
    assert forward[0].item_id != forward[1].item_id


def test_duplicates_within_a_file_have_one_identity() -> None:
    """Each is told; that they are one bill is the settlement's business."""
    first, second = of(succeeded("a"), succeeded("a"))
    assert first == second


def test_a_custom_id_that_is_no_unicode_does_no_harm() -> None:
    """Half a surrogate pair, as JSON can spell it."""
    assert one(b'{"custom_id":"\\ud800","result":{"type":"expired"}}\n').status is Status.FAILED


def test_blank_lines_are_no_items() -> None:
    """Nor are CRs and spaces."""
    assert of(b"\n\r\n  \n", succeeded("a"), b"\n\n", b" ") == of(succeeded("a"))


def test_lines_may_end_in_crlf() -> None:
    """A proxy's doing."""
    assert of(FILE.replace(b"\n", b"\r\n"))[0] == of(FILE)[0]


def test_the_last_line_may_lack_its_end() -> None:
    """A file may end with its last item."""
    assert of(FILE.rstrip(b"\n")) == of(FILE)
    assert len(of(FILE)) == 6


@given(st.lists(st.integers(min_value=0, max_value=5_000), max_size=12))
@example(list(range(2_500)))
def test_chunks_cut_anywhere_change_nothing(places: list[int]) -> None:
    """In a UTF-8 sequence, in a number; each byte by itself too."""
    assert of(*cut(FILE, places)) == of(FILE)


def test_an_empty_file_has_no_items() -> None:
    """And was read to its end."""
    assert of(b"") == []
    assert of() == []


def test_results_that_nobody_read_are_unmeasured() -> None:
    """They are billed all the same."""
    assert read(BatchBody(BATCH), [], complete=False) == (READ_IN_PART, [])


def test_results_read_in_part_bring_the_items_that_were_read() -> None:
    """The cut line is no item; the rest is unmeasured as one."""
    own, items = read(BatchBody(BATCH), [succeeded("a"), succeeded("b"), succeeded("c")[:50]], complete=False)
    assert own == READ_IN_PART
    assert items == of(succeeded("a"), succeeded("b"))


def test_a_file_cut_by_the_server_shows_its_broken_line() -> None:
    """The end came, but not the end of the item."""
    items = of(succeeded("a"), succeeded("b")[:50])
    assert [item.status for item in items] == [Status.MEASURED, Status.UNMEASURED]


@pytest.mark.parametrize("size", [1_000, 65_536])
def test_a_line_that_is_too_long_is_unmeasured_and_not_held(size: int) -> None:
    """The lines around it are read; identity does not depend on the chunks."""
    reader, data = BatchReader(BATCH), b'{"custom_id":"giant","x":"'.ljust(size, b"x")
    found = reader.feed(succeeded("a"))
    tracemalloc.start()
    try:
        reader.feed(data)
        for _ in range(LONGEST_LINE // size + 100):
            reader.feed(b"x" * size)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    found += reader.feed(b'x"}\n' + succeeded("b"))
    answers = singly([*found, *reader.close()])
    assert [answer.status for answer in answers] == [Status.MEASURED, Status.UNMEASURED, Status.MEASURED]
    assert answers[1].reason == "a line of the batch results is too long to read"
    assert peak < 2.5 * LONGEST_LINE


@pytest.mark.parametrize("size", [7, 150, 10_000])
def test_a_line_that_is_too_long_has_one_identity(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it was cut, also as the file's last line."""
    monkeypatch.setattr(batches, "LONGEST_LINE", 2_000)
    data = b'{"custom_id":"giant","x":"' + b"x" * 5_000
    expected = of(data, b"\n")
    pieces = cut(data, range(0, len(data), size))
    assert of(*pieces, b"\n") == expected
    assert of(*pieces) == expected
    assert [answer.reason for answer in expected] == ["a line of the batch results is too long to read"]


def test_a_short_line_before_a_long_one_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both in one piece, as a double hands them over."""
    monkeypatch.setattr(batches, "LONGEST_LINE", 2_000)
    reader = BatchReader(BATCH)
    answers = singly([*reader.feed(succeeded("a") + b"x" * 3_000), *reader.feed(b"\n"), *reader.close()])
    assert [answer.status for answer in answers] == [Status.MEASURED, Status.UNMEASURED]
