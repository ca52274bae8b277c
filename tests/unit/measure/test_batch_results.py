"""The results of a large batch, as the SDK reads them: each line is in the ledger before it is in hand, and on one bill."""

import json
from collections.abc import Iterator
from pathlib import Path

import anthropic
import httpx
import pytest

from pytest_claude_budget.calls.batch_billing import settle
from pytest_claude_budget.calls.call import Status, Usage, summed
from pytest_claude_budget.measure.run import Run

try:
    import httpx2 as sdks_httpx  # of newer majors
except ImportError:
    sdks_httpx = httpx

LINES = 300
BATCH = "msgbatch_1"


def line(number: int) -> bytes:
    """One token of input and two of output more at each; a tool's input that speaks of usage; one in a hundred failed."""
    if number % 100 == 99:
        result: object = {"type": "expired"}
    else:
        usage = {"input_tokens": 1 + number, "cache_read_input_tokens": 5, "output_tokens": 1 + 2 * number}
        text = {"type": "text", "text": f'Line {number}: "usage":{{"input_tokens":1}}\n'}
        tool = {"type": "tool_use", "id": "toolu_1", "name": "t", "input": {"usage": {"input_tokens": number}}}
        message = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": "claude-haiku-4-5"}
        message |= {"content": [text, tool], "stop_reason": "tool_use", "stop_sequence": None, "usage": usage}
        result = {"type": "succeeded", "message": message}
    return json.dumps({"custom_id": f"item-{number}", "result": result}, separators=(",", ":")).encode() + b"\n"


def respond(request: object) -> object:
    """As the API: where the results are, and the results, cut anywhere."""
    if not str(request.url).endswith("/results"):  # type: ignore[attr-defined]  # a request of either httpx
        body = {
            "id": BATCH,
            "type": "message_batch",
            "processing_status": "ended",
            "results_url": f"https://api.anthropic.com/v1/messages/batches/{BATCH}/results",
        }
        return sdks_httpx.Response(200, json=body)

    def pieces() -> Iterator[bytes]:
        data = b"".join(map(line, range(LINES)))
        yield from (data[at : at + 4_000] for at in range(0, len(data), 4_000))

    return sdks_httpx.Response(200, headers={"content-type": "application/x-jsonl"}, content=pieces())


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(tmp_path / "run-1.sqlite3", "")
    made.owners.push("test_a.py::test_one", "test", "call")
    made.start()
    yield made
    made.stop()


def test_every_line_counts_once_however_often_it_is_read(run: Run) -> None:
    transport = sdks_httpx.MockTransport(respond)
    sdk = anthropic.Anthropic(api_key="none", http_client=sdks_httpx.Client(transport=transport))
    for times in (1, 2):
        for number, _ in enumerate(sdk.messages.batches.results(BATCH)):
            if number == LINES // 2:
                run.recorder.ledger.gather()
                assert sum(1 for _ in run.recorder.ledger.calls()) > number * times
    run.stop()
    run.recorder.conclude()
    calls = list(run.recorder.ledger.calls())
    settled = list(settle(calls))
    billed = [call.answer for call in settled if call.answer.status is Status.MEASURED]
    assert len([call for call in calls if call.answer.endpoint == "batch_result"]) == 2 * LINES
    assert len(billed) == LINES - 3
    # all numbers from 0 to 299 add up to 44,850; those of the lines that failed are 99, 199 and 299
    numbers = 44_850 - 99 - 199 - 299
    expected = Usage(input_tokens=297 + numbers, cache_read_input_tokens=5 * 297, output_tokens=297 + 2 * numbers)
    assert summed([answer.usage for answer in billed]) == expected
    assert {answer.batch for answer in billed} == {True}
    assert run.all_faults() == []
