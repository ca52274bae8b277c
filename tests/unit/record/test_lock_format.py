"""Records and reports as files: what is written is read back, and what a stranger wrote is refused with a reason."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.base.money import exact
from pytest_claude_budget.calls.call import COUNTS, Answer, Call, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.judge.combine import combine
from pytest_claude_budget.judge.read_report import LoadedReport, read_report
from pytest_claude_budget.judge.report import RunFacts, RunInfo, build_report
from pytest_claude_budget.pricing.price import price
from pytest_claude_budget.record.build import MOST_GROUPS, RecordBuilder
from pytest_claude_budget.record.lock_format import read_groups, read_record
from pytest_claude_budget.record.lock_text import groups_text, lock_text
from pytest_claude_budget.record.record import Group, Record, Terms
from pytest_claude_budget.record.selection import BY_A_PLUGIN, NOTHING_RAN, Selection
from pytest_claude_budget.render.json_document import json_document, report_text
from pytest_claude_budget.wire.requests import Fingerprints
from tests.builders.priced import TABLE, TODAY
from tests.builders.tries import tries
from tests.unit.judge.test_report import NOON, calls

SCHEMAS = Path(__file__).parents[3] / "schemas"
LOCK = json.loads((SCHEMAS / "lock.schema.json").read_text(encoding="utf-8"))
REPORT = json.loads((SCHEMAS / "report.schema.json").read_text(encoding="utf-8"))


def recorded(made: list[Call]) -> Record:
    """The record of calls."""
    builder = RecordBuilder(TABLE)
    with exact():
        for call in made:
            builder.add(call, price(call.answer, TODAY, TABLE))
    return builder.record()


@given(calls(), st.randoms(use_true_random=False))
@settings(max_examples=tries(100), deadline=None)
def test_a_lock_file_is_read_back_as_it_was_written(made: list[Call], random: Any) -> None:
    """Under its schema, with the same bytes whatever order the calls came in."""
    text = lock_text(recorded(made))
    jsonschema.validate(json.loads(text), LOCK)
    assert read_record(json.loads(text), "lock") == recorded(made)
    for line in text.splitlines()[4:-2]:
        _, end = json.JSONDecoder().raw_decode(line, 2)
        entry = line[end + 2 :].removesuffix(",")
        assert entry == json.dumps(json.loads(entry), sort_keys=True)
    random.shuffle(made)
    assert lock_text(recorded(made)) == text


def test_a_lock_file_names_functions_and_no_lines() -> None:
    """Two calls of one function are alike, whatever its line; what the test's own file sends is not named, nor a failed try."""
    sites = ("src/a.py:7 Desk.ask\na.py:3 t", "src/a.py:9 Desk.ask", "src/b.py:1 f", "a.py:4 t", None)
    made = [replace(call(at), site=site) for at, site in enumerate(sites)]
    made.append(replace(call(9, failed=True), site="src/c.py:1 g"))
    (entry,) = json.loads(lock_text(recorded(made)))["owners"]["a.py::t"]["groups"]
    assert (5, 6, {"src/a.py Desk.ask": 2, "src/b.py f": 1}) == (entry["calls"], entry["attempts"], entry["sites"])
    again = read_record(json.loads(lock_text(recorded(made))), "lock")
    assert lock_text(again) == lock_text(recorded(made[::-1]))


@given(calls())
@settings(max_examples=tries(60), deadline=None)
def test_a_report_is_read_back_with_all_that_can_be_judged(made: list[Call]) -> None:
    """And the record in it is one of a lock file."""
    report = build_report(made, RunFacts(rates=TABLE, day=TODAY))
    document = json.loads(report_text(report))
    jsonschema.validate(document, REPORT)
    jsonschema.validate(document["record"], LOCK)
    loaded = read_report(document, "report.json")
    assert loaded.sums.by_owner == report.sums.by_owner
    assert loaded.sums.totals.cost == report.sums.totals.cost
    assert (loaded.record, loaded.sums.unpriced, loaded.sums.answers) == (
        report.record,
        report.sums.unpriced,
        report.sums.answers,
    )


def call(number: int, *, owner: str = "a.py::t", request: str | None = None, failed: bool = False) -> Call:
    """1,000 tokens in and 100 out on Haiku 4.5."""
    return Call(
        id=number,
        at=NOON,
        answer=Answer(
            status=Status.FAILED if failed else Status.MEASURED,
            endpoint="messages",
            model="claude-haiku-4-5",
            usage=Usage() if failed else Usage(input_tokens=1000, output_tokens=100),
            request=request,
        ),
        owner=Owner(id=owner, kind="test"),
        labels=Labels(),
        origin=Origin.SIMULATED,
    )


def test_failed_tries_are_attempts_of_what_was_asked() -> None:
    """Two tries that failed, and the call that came of them."""
    said = json.dumps({"messages": "ab:9"})
    record = recorded([call(1, request=said, failed=True), call(2, request=said, failed=True), call(3, request=said)])
    (group,) = record.owners["a.py::t"].groups
    assert (group.calls, group.attempts) == (1, 3)


def test_an_owner_with_many_different_requests_has_them_taken_together() -> None:
    """A thousand questions make one line that a person can read, and the same one in any order."""
    made = [call(n, request=json.dumps({"messages": f"{n:x}:9", "system": "ab:90"})) for n in range(1000)]
    (group,) = recorded(made).owners["a.py::t"].groups
    assert MOST_GROUPS < 1000
    assert (group.calls, group.usage.input_tokens) == (1000, 1_000_000)
    said = json.loads(group.request or "")
    assert (said["requests"], said["system"]) == (1000, "ab:90000")
    assert recorded(made[::-1]) == recorded(made)
    other = [*made[1:], call(5000, request=json.dumps({"messages": "ffff:9", "system": "ab:90"}))]
    assert recorded(other).owners["a.py::t"].groups[0].request != group.request


BAD: list[tuple[Any, str]] = [
    ([], "the file: expected a JSON object, got []"),
    ({}, "schema_version: expected the number 1, got None"),
    (
        {"schema_version": 1, "rates_as_of": "x", "owners": {}},
        "rates_as_of: expected a day such as 2026-11-23, got 'x'",
    ),
    (
        {"schema_version": 1, "rates_as_of": "2026-11-23", "owners": [], "x": 1},
        "x: expected schema_version, rates_as_of",
    ),
    ({"schema_version": 1, "rates_as_of": "2026-11-23", "owners": []}, "owners: expected a JSON object, got []"),
    (
        {"schema_version": 1, "rates_as_of": "2026-11-23", "owners": {"t": {"kind": "x", "groups": []}}},
        "t: kind: expected one of test, fixture, outside, got 'x'",
    ),
    (
        {
            "schema_version": 1,
            "rates_as_of": "2026-11-23",
            "owners": {"t": {"kind": "test", "groups": [{"calls": -1}]}},
        },
        "t: calls: expected a whole number from 0 up, got -1",
    ),
    (
        {"schema_version": 1, "rates_as_of": "2026-11-23", "owners": {"t": {"kind": "test", "groups": [{"mode": 1}]}}},
        "t: expected one of attempts, batch",
    ),
]


@pytest.mark.parametrize(("value", "what"), BAD, ids=[what[:30] for _, what in BAD])
def test_a_lock_file_that_somebody_broke_is_refused_with_what_was_allowed(value: Any, what: str) -> None:
    """Four parts, and the command that mends it."""
    with pytest.raises(InputError) as raised:
        read_record(value, "claude-budget.lock.json")
    assert str(raised.value).startswith(f"claude-budget.lock.json: {what}")
    assert "hint: take it back from git, or remove it and run pytest --claude-budget-update   [bad-record]" in str(
        raised.value
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["kind", "groups", "calls", "usage", "samples", "model", "x"]), inner, max_size=4
        )
    ),
    max_leaves=8,
)


@given(JSON)
@settings(max_examples=tries(200), deadline=None)
def test_no_file_whatever_gives_a_traceback(value: Any) -> None:
    """A problem, or a record."""
    for read, document in (
        (read_record, {"schema_version": 1, "rates_as_of": "2026-11-23", "owners": {"t": value}}),
        (
            read_record,
            {"schema_version": 1, "rates_as_of": "2026-11-23", "owners": {"t": {"kind": "test", "groups": value}}},
        ),
        (read_record, value),
        (read_report, value),
        (read_report, {"schema_version": 1, "by_owner": value, "record": value, "run": value}),
    ):
        try:
            read(document, "file")
        except InputError:
            continue


def shard(made: list[Call], id_: str) -> dict[str, Any]:
    """A report of one shard."""
    document: dict[str, Any] = json_document(build_report(made, RunFacts(rates=TABLE, day=TODAY)))
    document["run"]["ids"] = [id_]
    return document


@given(calls(), st.integers(0, 12), st.booleans())
@settings(max_examples=tries(60), deadline=None)
def test_shards_add_up_to_the_whole_in_any_order(made: list[Call], cut: int, turned: bool) -> None:
    """Each test in one of them, fixtures and what belongs to no test in both."""
    split: tuple[list[Call], list[Call]] = ([], [])
    for at, one in enumerate(made):
        split[one.owner.id == "a.py::test_1" if one.owner.kind == "test" else at < cut].append(one)
    parts = [read_report(shard(part, str(at)), f"{at}.json") for at, part in enumerate(split)]
    whole = read_report(shard(made, "all"), "all.json")
    combined = combine(parts[::-1] if turned else parts)
    assert combined.sums.totals == whole.sums.totals
    assert {row.owner: row.totals for row in combined.sums.by_owner} == {
        row.owner: row.totals for row in whole.sums.by_owner
    }
    assert (combined.sums.by_model, combined.sums.answers) == (whole.sums.by_model, whole.sums.answers)
    for name, owner in whole.record.owners.items():
        if owner.kind == "test":
            assert combined.record.owners[name] == owner


def shard_of(id_: str, selection: Selection) -> LoadedReport:
    """A report of a run that made one call, in a test of its own."""
    run = RunInfo(ids=(id_,), selection=selection)
    report = build_report([call(1, owner=f"{id_}.py::t")], RunFacts(rates=TABLE, day=TODAY, run=run))
    return read_report(json_document(report), f"{id_}.json")


def test_what_ran_is_read_back_and_adds_up() -> None:
    """Of one run as it was; of shards, what one of them found or ran."""
    one = Selection(
        paths=("a",),
        narrowed="-k",
        skipped=frozenset({"a/s.py::t"}),
        ran=frozenset({"a/r.py::t", "a.py::t"}),
        uncollected=frozenset({"u.py", "b.py"}),
        failed=frozenset({"a.py::i"}),
        interrupted=frozenset({"a.py::i"}),
        xfailed=frozenset({"a.py::t"}),
        refused=frozenset({"a.py::t"}),
    )
    loaded = shard_of("a", one)
    assert loaded.run.selection == replace(one, ran=frozenset({"a/r.py::t"}))  # the other made a call
    assert combine([loaded]).run.selection == loaded.run.selection
    other = Selection(
        paths=("b",),
        ran=frozenset({"b.py::r"}),
        uncollected=frozenset({"u.py", "a.py"}),
        xfailed=frozenset({"b.py::r"}),
        refused=frozenset({"b.py::s"}),
    )
    assert combine([loaded, shard_of("b", other)]).run.selection == Selection(
        paths=("a", "b"),
        narrowed="-k",
        skipped=frozenset({"a/s.py::t"}),
        ran=frozenset({"a/r.py::t", "b.py::r"}),
        uncollected=frozenset({"u.py"}),
        failed=frozenset({"a.py::i"}),
        interrupted=frozenset({"a.py::i"}),
        xfailed=frozenset({"a.py::t", "b.py::r"}),
        refused=frozenset({"a.py::t", "b.py::s"}),
    )


def test_a_shard_without_a_test_makes_no_part_of_the_others() -> None:
    """It is only where none of them ran any that nothing is known. What a plugin split among them is whole."""
    nothing, rest = Selection(narrowed=NOTHING_RAN), Selection(ran=frozenset({"b.py::t"}))
    assert combine([shard_of("a", nothing), shard_of("b", rest)]).run.selection.whole
    assert combine([shard_of("a", nothing), shard_of("b", nothing)]).run.selection.narrowed == NOTHING_RAN
    split = [shard_of(name, Selection(narrowed=BY_A_PLUGIN)) for name in "ab"]
    assert combine(split).run.selection.whole
    assert not combine(split[:1]).run.selection.whole


def test_a_report_of_an_earlier_version_says_nothing_of_tests_without_calls() -> None:
    """It has no such keys."""
    document = json_document(build_report([call(1)], RunFacts(rates=TABLE, day=TODAY)))
    del document["run"]["without_calls"], document["run"]["uncollected"]
    del document["run"]["xfailed"], document["run"]["refused"]
    assert read_report(document, "old.json").run.selection == Selection()
    jsonschema.validate(document, REPORT)


def test_a_shard_is_not_added_twice() -> None:
    """By the same file, or inside of another."""
    one, other = (read_report(shard([call(1, owner=id_)], id_), f"{id_}.json") for id_ in ("a", "b"))
    both = combine([one, other])
    for reports in ([one, one], [both, other]):
        with pytest.raises(InputError, match="duplicate-shard"):
            combine(reports)


def turns(*said: str, live: bool = True) -> list[Call]:
    """A tool loop of three turns, each with what was said before; `said` are the model's words."""
    made, messages = [], [{"role": "user", "content": "Where is my order?"}]
    for words in (*said, ""):
        body = json.dumps({"max_tokens": 9, "messages": messages}, separators=(",", ":")).encode()
        request, *_ = Fingerprints().of_messages(body)
        answer = Answer(status=Status.MEASURED, endpoint="messages", model="claude-haiku-4-5", request=request)
        origin = Origin.LIVE if live else Origin.SIMULATED
        owner = Owner(id="a.py::t", kind="test")
        made.append(Call(id=len(made), at=NOON, answer=answer, owner=owner, labels=Labels(), origin=origin))
        messages = [*messages, {"role": "assistant", "content": words}, {"role": "user", "content": "Go on."}]
    return made


def test_turns_that_follow_a_live_answer_of_the_run_are_one_group_whatever_was_said() -> None:
    """The first call, and two later ones that no hash tells from those of another run."""
    one, other = recorded(turns("On its way.", "Tomorrow.")), recorded(turns("It left.", "On Monday."))
    assert one == other
    assert [group.calls for group in one.owners["a.py::t"].groups] == [2, 1]
    assert '"later": true' in lock_text(one)
    assert "follows" not in lock_text(one)


def test_example_messages_and_recorded_turns_are_requests_of_their_own() -> None:
    """Nobody answered so in this run, or the answer is the same at each run."""
    _, second, third = turns("On its way.", "Tomorrow.")
    for made in ([second], [third], turns("On its way.", "Tomorrow.", live=False)):
        found = recorded(made)
        assert "later" not in lock_text(found)
        assert [group.calls for group in found.owners["a.py::t"].groups] == [1] * len(made)
        assert "follows" not in lock_text(found)


@pytest.mark.parametrize("name", COUNTS)
def test_every_count_is_written_that_is_not_zero(name: str) -> None:
    """A count that a usage gets anew, too."""
    group = Group(terms=Terms(model="m"), calls=1, attempts=1, usage=Usage(**{name: 7}))
    (entry,) = json.loads(groups_text([group]))
    assert entry["usage"] == {name: 7}


def test_counts_are_written_by_their_names_in_order() -> None:
    """So that a count which is used for the first time makes a small difference."""
    usage = Usage(**{name: number for number, name in enumerate(COUNTS, 1)})
    text = groups_text([Group(terms=Terms(model="m"), calls=1, attempts=1, usage=usage)])
    expected = json.dumps({name: getattr(usage, name) for name in COUNTS}, sort_keys=True)
    assert f'"usage": {expected}' in text


@pytest.mark.parametrize(
    "request_",
    [
        "{}",
        '{"messages":"ab:10","max_tokens":4096}',
        '{"max_tokens":4096,"messages":"0ab:10","system":"c3:7"}',
        '{"follows":"a1:2","max_tokens":0,"messages":"ab:10","opening":"b:1","parameters":"4:4","system":"c3:7","tools":"d:1"}',
        '{"max_tokens":4096,"messages":":a,b","system":"c3:7"}',
        '{"max_tokens":4096,"messages":"ab:10","system":"c3:7","system":"c4:7"}',
        '{"é\\n":"\\u2028\\ud800\\"é","a":-1}',
        '{"a":true}',
        '{"a":1.50,"b":null}',
        '{"z":[1,{"b":1,"a":2}],"a":"x"}',
        '{"a":1,"a":2}',
        '{"a":10000000000000000000000000}',
        "[1,2]",
    ],
)
def test_a_request_is_laid_out_as_json_does_it(request_: str) -> None:
    """With its keys in order, whether it holds words and numbers only or more."""
    expected = json.dumps(json.loads(request_), sort_keys=True)
    text = groups_text([Group(terms=Terms(model="m"), request=request_, calls=1, attempts=1)])
    assert f'"request": {expected}, "usage"' in text


@pytest.mark.parametrize(
    "request_",
    [
        {},
        {"messages": "ab:10", "max_tokens": 4096},
        {'z"é': "\u2028\ud800\\", "a": -1},
        {"a": True},
        {"b": 1.5, "a": None},
        {"z": [1, {"b": 1, "a": 2}], "a": "x"},
    ],
)
def test_a_request_is_read_back_as_it_was_told(request_: dict[str, object]) -> None:
    """In the form that calls have it in: without spaces, its keys in order."""
    expected = json.dumps(request_, sort_keys=True, separators=(",", ":"))
    entry = {"model": "m", "calls": 1, "request": request_, "usage": {}}
    (group,) = read_groups([entry], "lock", "a.py::t")
    assert group.request == expected
