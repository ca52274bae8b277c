"""What objects, pages and streams of Managed Agents tell, in chunks cut anywhere."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import anthropic
import pytest
from anthropic.types.beta import BetaManagedAgentsSessionUsage, sessions
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.wire.bodies import body_of
from pytest_claude_budget.wire.routes import Kind
from pytest_claude_budget.wire.usage_fields import KNOWN
from tests.wire.answers import Json, body, cut, event, exchange, read

OWN_FIELDS = {"active_seconds": "priced by the hour", "list_cost": "shown beside", "list_cost.currency": "only USD"}
USAGE: Json = {
    "input_tokens": 10,
    "output_tokens": 20,
    "cache_read_input_tokens": 30,
    "cache_creation": {"ephemeral_5m_input_tokens": 40, "ephemeral_1h_input_tokens": 50},
    "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 3},
    "active_seconds": 7.2,
    "list_cost": {"amount": "187", "currency": "USD"},
}
COUNTS = Usage(
    input_tokens=10,
    output_tokens=20,
    cache_read_input_tokens=30,
    cache_creation_5m_input_tokens=40,
    cache_creation_1h_input_tokens=50,
    web_search_requests=2,
    web_fetch_requests=3,
)
AGENT: Json = {"id": "agent_1", "model": {"id": "claude-opus-4-6", "speed": "fast", "inference_geo": "us"}}
SESSION: Json = {"id": "sesn_1", "type": "session", "status": "idle", "agent": AGENT, "usage": USAGE}
STATE = Answer(
    status=Status.FREE,
    endpoint="session_state",
    model="claude-opus-4-6",
    usage=COUNTS,
    speed="fast",
    inference_geo="us",
    batch_id="sesn_1",
    item_id="2000",  # 7.2 s are 0.002 h
    stated_cost=Decimal("1.87"),
)
ENDED: Json = {
    "id": "sevt_1",
    "type": "span.model_request_end",
    "is_error": False,
    "model_usage": {
        "input_tokens": 1,
        "output_tokens": 2,
        "cache_read_input_tokens": 3,
        "cache_creation_input_tokens": 4,
    },
}
REQUEST = Answer(
    status=Status.MEASURED,
    endpoint="session_request",
    usage=Usage(input_tokens=1, output_tokens=2, cache_read_input_tokens=3, cache_creation_5m_input_tokens=4),
    batch_id="sesn_1",
    item_id="/sevt_1",
    http_status=200,
    notes=("cache writes without a stated lifetime priced at the 5-minute rate",),
)
SUMS: Json = {"id": "sevt_2", "type": "session.usage", "usage": USAGE}
SAYING: Json = {"id": "sevt_3", "type": "agent.message", "content": [{"type": "text", "text": '"session.usage"'}]}


def told(value: object, *, kind: Kind = Kind.SESSION, thread: str | None = None) -> tuple[Answer | None, list[Answer]]:
    seen = exchange(kind, batch_id="sesn_1" if kind is not Kind.SESSION_CREATE else None, thread=thread, evident=True)
    return read(body_of(seen, "application/json"), [body(value)])


def streamed(events: Sequence[Json], at: Sequence[int], *, complete: bool = True, ends: bytes = b"\n") -> list[Answer]:
    data = b"".join(event(str(each["type"]), each) for each in events).replace(b"\n", ends)
    seen = exchange(Kind.SESSION, batch_id="sesn_1", evident=True)
    return read(body_of(seen, "text/event-stream; charset=utf-8"), cut(data, at), complete=complete)[1]


def test_an_object_tells_its_sums() -> None:
    assert told(SESSION) == (None, [STATE])


def test_a_page_tells_each_of_what_it_holds() -> None:
    assert told({"data": [SESSION, ENDED, SAYING, 7], "next_page": None}) == (None, [STATE, REQUEST])


@given(at=st.lists(st.integers(0, 2_000), max_size=30), ends=st.sampled_from((b"\n", b"\r\n")))
def test_a_stream_tells_the_same_however_it_is_cut(at: list[int], ends: bytes) -> None:
    """The sums as an event name no agent."""
    sums = replace(STATE, model=None, speed=None, inference_geo=None)
    assert [REQUEST, sums] == streamed([SAYING, ENDED, SAYING, SUMS], at, ends=ends)


@pytest.mark.parametrize("complete", [True, False])
def test_a_stream_that_is_left_tells_what_had_come(complete: bool) -> None:
    assert [REQUEST] == streamed([ENDED, SAYING], [], complete=complete)


def test_a_creation_is_known_by_its_answer() -> None:
    own, items = told(SESSION, kind=Kind.SESSION_CREATE)
    assert own is not None
    assert (own.endpoint, own.batch_id, own.model, items) == ("session_create", "sesn_1", "claude-opus-4-6", [])
    own, _ = told({"data": []}, kind=Kind.SESSION_CREATE)
    assert own is not None
    assert (own.status, own.reason) == (Status.UNMEASURED, "a session was created and its id cannot be read")


@pytest.mark.parametrize("answer", [{"data": []}, "no object", None])
def test_what_was_sent_is_known_whatever_comes_back(answer: object) -> None:
    own, items = told(answer, kind=Kind.SESSION_SEND)
    assert own == Answer(status=Status.FREE, endpoint="session_send", batch_id="sesn_1", http_status=200)
    assert items == []


def test_a_thread_tells_its_own_sums_by_its_own_model() -> None:
    thread = {"id": "sthr_1", "type": "session_thread", "session_id": "sesn_9", "agent": AGENT, "usage": USAGE}
    (own,) = told(thread)[1]
    assert (own.endpoint, own.batch_id, own.item_id) == ("session_thread", "sesn_9", "sthr_1")
    assert (own.model, own.usage) == ("claude-opus-4-6", COUNTS)
    advisor = {**thread, "agent": {"type": "advisor", "model": "claude-haiku-4-5"}, "usage": None}
    (own,) = told(advisor)[1]
    assert (own.model, own.usage) == ("claude-haiku-4-5", Usage())


def test_a_request_of_a_thread_says_so() -> None:
    (own,) = told({"data": [ENDED]}, thread="sthr_1")[1]
    assert own.item_id == "sthr_1/sevt_1"


def test_a_request_that_failed_is_an_attempt_unless_it_counts_tokens() -> None:
    nothing = dict.fromkeys(ENDED["model_usage"], 0)  # type: ignore[call-overload]  # an object
    (own,) = told({"data": [{**ENDED, "is_error": True, "model_usage": nothing}]})[1]
    assert (own.status, own.usage) == (Status.FAILED, Usage())
    (own,) = told({"data": [{**ENDED, "is_error": True}]})[1]
    assert own == REQUEST


def test_flags_of_a_session() -> None:
    (own,) = told({**SESSION, "status": "running", "agent": {**AGENT, "multiagent": {"type": "coordinator"}}})[1]
    assert own.reason == "still running; of several agents"


@pytest.mark.parametrize(
    ("value", "status", "reason"),
    [
        (
            {**ENDED, "model_usage": {"input_tokens": "1"}},
            Status.UNMEASURED,
            "usage.input_tokens is not a whole number",
        ),
        ({**ENDED, "model_usage": {"cold_tokens": 1}}, Status.AT_LEAST, "usage.cold_tokens is not known here"),
        ({**SESSION, "usage": {"input_tokens": -1}}, Status.UNMEASURED, "usage.input_tokens is not a whole number"),
    ],
)
def test_counts_that_cannot_be_read_are_told(value: Json, status: Status, reason: str) -> None:
    (own,) = told(value)[1]
    assert own.status is status
    assert own.reason is not None
    assert own.reason.startswith(reason)


@pytest.mark.parametrize(
    "value", [None, [], 7, {"type": "session"}, {"id": "x"}, {"data": {}}, {"type": "file", "id": "f"}]
)
def test_anything_else_tells_nothing(value: object) -> None:
    assert told(value) == (None, [])


@pytest.mark.parametrize("seconds", [True, "7", -1, None, 10**12])
def test_a_time_that_cannot_be_is_none(seconds: object) -> None:
    (own,) = told({**SESSION, "usage": {**USAGE, "active_seconds": seconds}})[1]
    assert own.item_id == "0"


@pytest.mark.parametrize("cost", [None, 7, {"amount": "1.5", "currency": "USD"}, {"amount": "9", "currency": "EUR"}])
def test_a_list_cost_of_another_form_is_none(cost: object) -> None:
    (own,) = told({**SESSION, "usage": {**USAGE, "list_cost": cost}})[1]
    assert own.stated_cost is None


@pytest.mark.parametrize(
    "model",
    [
        BetaManagedAgentsSessionUsage,
        sessions.BetaManagedAgentsSessionUsageSnapshot,
        sessions.BetaManagedAgentsSessionThreadUsage,
        sessions.BetaManagedAgentsSpanModelUsage,
    ],
)
def test_the_sdk_knows_no_other_counts(model: type) -> None:
    """A new field is seen here, before it is missing from somebody's bill."""
    fields: dict[str, object] = model.model_fields  # type: ignore[attr-defined]  # of pydantic
    unknown = fields.keys() - KNOWN.keys() - OWN_FIELDS.keys()
    assert not unknown, f"new in anthropic {anthropic.__version__}: find out how it is billed"
