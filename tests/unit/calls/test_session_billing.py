"""One bill for a session of Managed Agents: requests and sums, threads of several agents, and who pays."""

import itertools
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Answer, Call, Labels, Origin, Owner, Status, Usage, summed
from pytest_claude_budget.calls.session_billing import IN_ONE, LIFETIMES, OLDER, settle_sessions
from pytest_claude_budget.calls.usage_sums import tokens_of

NUMBERS = itertools.count(1)
OPUS, HAIKU = "claude-opus-4-6", "claude-haiku-4-5"
UNREAD = "events were sent to a session and what it used was not read"
NO_TIME = "what a session ran for was not read: retrieve it once it is idle"
OTHER_AGENTS = "a part of a session is of other agents, whose threads were not read"


def row(who: str, endpoint: str, session: str = "s1", **fields: Any) -> Call:
    """A row of the ledger; each has a number and a second of its own."""
    number = next(NUMBERS)
    status = fields.pop("status", Status.MEASURED if endpoint == "session_request" else Status.FREE)
    return Call(
        id=number,
        at=float(number),
        answer=Answer(status=status, endpoint=endpoint, batch_id=session, **fields),
        owner=Owner(id=who, kind="test", phase="call"),
        labels=Labels(feature=who),
        origin=Origin.LIVE,
    )


def created(who: str = "a", *, model: str = OPUS, several: bool = False, begun: bool = False) -> Call:
    parts = ["of several agents"] * several + ["with first events"] * begun
    return row(who, "session_create", model=model, item_id="0", reason="; ".join(parts) or None)


def sent(who: str = "a") -> Call:
    return row(who, "session_send")


def sums(tokens: int, *, who: str = "a", ran: int = 0, hour: int = 0, **fields: Any) -> Call:
    usage = Usage(input_tokens=tokens, cache_creation_1h_input_tokens=hour)
    return row(who, "session_state", model=OPUS, usage=usage, item_id=str(ran), **fields)


def request(event: str, tokens: int, *, who: str = "a", thread: str = "", written: int = 0, **fields: Any) -> Call:
    usage = Usage(input_tokens=tokens, cache_creation_5m_input_tokens=written)
    return row(who, "session_request", item_id=f"{thread}/{event}", usage=usage, **fields)


def thread(name: str, tokens: int, model: str = HAIKU) -> Call:
    return row("a", "session_thread", item_id=name, model=model, usage=Usage(input_tokens=tokens))


def told(*calls: Call) -> list[tuple[str, str | None, int, int, str | None]]:
    """Who pays for what, in one order: owner, model, input, running time and reason."""
    settled = settle_sessions(calls)
    rows = (
        (each.owner.id, of.model, of.usage.input_tokens, of.usage.session_microhours, of.reason)
        for each in settled
        for of in (each.answer,)
    )
    return sorted(rows, key=lambda found: (*tuple(map(str, found[:2])), found[2]))


def test_other_calls_pass_as_they_are() -> None:
    other = row("a", "messages")
    assert list(settle_sessions([other, other])) == [other, other]


def test_each_request_counts_once_and_the_sums_add_what_is_no_token() -> None:
    calls = [created(), sent(), request("e1", 10), request("e2", 5), request("e1", 10, who="b"), sums(15, ran=7)]
    assert told(*calls) == [("a", OPUS, 5, 7, None), ("a", OPUS, 10, 0, None)]


def test_sums_count_what_no_request_said() -> None:
    calls = [created(), sent(), request("e1", 10), sums(25, ran=7)]
    assert told(*calls) == [("a", OPUS, 10, 0, None), ("a", OPUS, 15, 7, None)]
    assert [each.answer.notes for each in settle_sessions(calls)] == [(), (IN_ONE,)]


def test_requests_that_are_read_after_the_sums_are_not_counted_in_both() -> None:
    calls = [created(), sent(), sums(25, ran=7), request("e1", 10), request("e2", 15)]
    assert told(*calls) == [("a", OPUS, 10, 0, None), ("a", OPUS, 15, 7, None)]


def test_sums_that_were_read_before_the_last_request_say_too_little_of_the_time() -> None:
    calls = [created(), sent(), request("e1", 10), sums(10, ran=7), sent(), request("e2", 15)]
    assert told(*calls) == [("a", OPUS, 10, 0, None), ("a", OPUS, 15, 7, NO_TIME)]
    assert [each.answer.status for each in settle_sessions(calls)] == [Status.MEASURED, Status.AT_LEAST]


def test_each_sender_pays_for_its_own_turn() -> None:
    calls = [created("fixture"), sent("a"), sums(10, ran=1), sent("b"), sums(30, ran=5, who="c"), sums(30, ran=5)]
    assert told(*calls) == [("a", OPUS, 10, 1, None), ("b", OPUS, 20, 4, None)]
    assert {each.labels.feature for each in settle_sessions(calls)} == {"a", "b"}


def test_a_first_event_is_paid_by_who_created_the_session() -> None:
    assert told(created("a", begun=True), sums(10, who="b")) == [("a", OPUS, 10, 0, None)]
    assert told(created("a", begun=True)) == [("a", OPUS, 0, 0, UNREAD)]


def test_what_is_sent_last_and_never_read_is_not_known() -> None:
    assert told(created(), sent(), sums(10), sent("b")) == [("a", OPUS, 10, 0, None), ("b", OPUS, 0, 0, UNREAD)]


def test_what_is_sent_to_a_double_and_never_read_comes_to_nothing() -> None:
    calls = [replace(each, origin=Origin.SIMULATED) for each in (created(), sent())]
    (free,) = settle_sessions(calls)
    assert (free.answer.status, free.answer.notes) == (Status.FREE, (f"{UNREAD}: it is not in the cost",))


def test_a_session_to_which_nothing_was_sent_is_only_looked_at() -> None:
    assert told(created(), sums(10), request("e1", 5)) == []
    assert told(sums(10), request("e1", 5)) == []


def test_of_an_older_session_only_what_came_since_counts() -> None:
    """A page of its requests goes back to before the run: then the sums tell."""
    calls = [sums(100, ran=50), sent(), request("old", 100), request("e1", 10), sums(110, ran=53)]
    assert told(*calls) == [("a", OPUS, 10, 3, None)]
    calls = [sums(100, ran=50), request("old", 100), sent(), request("e1", 10), sums(110, ran=53)]
    assert told(*calls)[0] == ("a", OPUS, 10, 3, None)


def test_of_an_older_one_that_was_not_looked_at_before_all_counts_with_a_note() -> None:
    calls = [sent(), sums(110, ran=53)]
    assert told(*calls) == [("a", OPUS, 110, 53, None)]
    assert [each.answer.notes for each in settle_sessions(calls)] == [(IN_ONE, OLDER)]


def test_each_creation_under_one_id_is_a_session_of_its_own() -> None:
    calls = [created("a"), sent("a"), created("b"), sent("b"), request("e1", 10, who="b"), request("e1", 10, who="a")]
    calls += [sums(10, who="a"), sums(10, who="b")]
    assert told(*calls) == [("a", OPUS, 10, 0, None), ("b", OPUS, 10, 0, None)]


def test_one_owner_that_creates_it_again_has_two() -> None:
    once = [created(), sent(), request("e1", 10), sums(10)]
    again = [created(), sent(), request("e1", 10), sums(10)]
    assert told(*once, *again) == [("a", OPUS, 10, 0, None)] * 2


def test_threads_of_other_agents_count_at_their_own_models() -> None:
    calls = [created(several=True), sent(), request("e1", 10), thread("t1", 30), thread("t2", 5, OPUS), sums(45, ran=9)]
    assert told(*calls) == [("a", HAIKU, 30, 9, None), ("a", OPUS, 5, 0, None), ("a", OPUS, 10, 0, None)]


def test_requests_of_a_thread_count_once_at_its_model() -> None:
    calls = [created(several=True), sent(), request("e1", 10), thread("t1", 30), request("e2", 20, thread="t1")]
    calls += [request("e1", 10, thread="t0"), sums(40, ran=9)]
    assert told(*calls) == [("a", HAIKU, 10, 9, None), ("a", HAIKU, 20, 0, None), ("a", OPUS, 10, 0, None)]


def test_threads_that_were_not_read_are_not_known() -> None:
    calls = [created(several=True), sent(), request("e1", 10), sums(45, ran=9)]
    assert told(*calls) == [("a", None, 0, 0, OTHER_AGENTS), ("a", OPUS, 10, 9, None)]
    assert [each.answer.status for each in settle_sessions(calls)] == [Status.MEASURED, Status.UNMEASURED]


def test_cache_writes_for_an_hour_are_those_that_the_sums_tell() -> None:
    calls = [created(), sent(), request("e1", 1, written=30), request("e2", 1, written=50), sums(2, hour=40)]
    calls.append(
        replace(
            calls[-1],
            id=10**6,
            answer=replace(
                calls[-1].answer,
                usage=Usage(input_tokens=2, cache_creation_5m_input_tokens=40, cache_creation_1h_input_tokens=40),
            ),
        )
    )
    usages = [each.answer.usage for each in settle_sessions(calls)]
    assert [each.cache_creation_1h_input_tokens for each in usages] == [30, 10]
    assert [each.cache_creation_5m_input_tokens for each in usages] == [0, 40]
    assert not any(each.answer.notes for each in settle_sessions(calls))


def test_which_of_two_models_wrote_for_an_hour_is_assumed() -> None:
    calls = [
        created(several=True),
        sent(),
        thread("t1", 1),
        request("e1", 1, written=30),
        request("e2", 1, thread="t1", written=50),
    ]
    calls.append(sums(2, hour=80))
    assert {each.answer.notes for each in settle_sessions(calls)} == {(LIFETIMES,)}


def test_the_platform_s_own_figure_stands_once_beside_the_session() -> None:
    calls = [created(), sent(), request("e1", 10), request("e2", 5)]
    calls += [sums(15, stated_cost=Decimal("0.02")), sums(15, stated_cost=Decimal("0.03"))]
    assert [each.answer.stated_cost for each in settle_sessions(calls)] == [Decimal(0), Decimal("0.03")]


def test_a_failed_request_is_an_attempt_and_takes_no_time() -> None:
    calls = [created(), sent(), request("e0", 5), request("e1", 0, status=Status.FAILED), sums(5, ran=3)]
    assert [(each.answer.status, each.answer.usage.session_microhours) for each in settle_sessions(calls)] == [
        (Status.MEASURED, 3),
        (Status.FAILED, 0),
    ]


READS = st.lists(st.sampled_from(("sums", "e0", "e1", "e2", "e3")), max_size=12)


@given(first=READS, second=READS)
def test_whatever_is_read_how_often_and_when_all_is_counted_once(first: list[str], second: list[str]) -> None:
    """Two turns of two requests each, and the sums at the end."""
    tokens = {"e0": 1, "e1": 20, "e2": 300, "e3": 4000}

    def read(names: list[str], turns: int) -> list[Call]:
        known = list(tokens)[: 2 * turns]
        whole = sum(tokens[name] for name in known)
        return [
            sums(whole, ran=turns) if name == "sums" else request(name, tokens[name])
            for name in names
            if name == "sums" or name in known
        ]

    calls = [created(), sent(), *read(first, 1), sent(), *read(second, 2), sums(4321, ran=2)]
    settled = list(settle_sessions(calls))
    assert all(each.answer.status is Status.MEASURED for each in settled)
    usage = summed([each.answer.usage for each in settled])
    assert usage == Usage(input_tokens=4321, session_microhours=2)
    assert tokens_of(usage) == Usage(input_tokens=4321)
