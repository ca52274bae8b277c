"""From calls to a report: sums that agree exactly, in any order, and documents that keep their form."""

import json
import tempfile
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.base.money import exact
from pytest_claude_budget.budget.exempt import MayBeUnknown
from pytest_claude_budget.budget.limits import Budget, Limit
from pytest_claude_budget.calls.call import Answer, Call, Iteration, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.compare.result import Baseline
from pytest_claude_budget.files.rates_file import packaged_rates
from pytest_claude_budget.judge.combine import combine
from pytest_claude_budget.judge.read_report import read_report
from pytest_claude_budget.judge.report import CostReport, RunFacts, RunInfo, build_report, judge
from pytest_claude_budget.judge.verdict import Outcome
from pytest_claude_budget.ledger.database import SqliteLedger
from pytest_claude_budget.ledger.journal import Journal
from pytest_claude_budget.ledger.read_rows import call_of
from pytest_claude_budget.ledger.row_format import Entry, payer_of, row_of, site_of
from pytest_claude_budget.plugin.report_and_verdict import stale
from pytest_claude_budget.record.totals import Sum
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.terminal import terminal_lines
from pytest_claude_budget.render.terminal_text import wrapped
from tests.builders.tries import tries

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()
COUNT = st.integers(0, 300_000)
USAGES = st.builds(
    Usage,
    input_tokens=COUNT,
    cache_creation_5m_input_tokens=COUNT,
    cache_creation_1h_input_tokens=COUNT,
    cache_read_input_tokens=COUNT,
    output_tokens=COUNT,
    web_search_requests=st.integers(0, 3),
)
MODELS = st.sampled_from(["claude-haiku-5-5", "claude-opus-4-7", "us.anthropic.claude-opus-4-6-v1", "unknown-9", None])
ANSWERS = st.builds(
    Answer,
    status=st.sampled_from(list(Status)),
    endpoint=st.just("messages"),
    model=MODELS,
    requested_model=st.none() | MODELS,
    usage=USAGES,
    iterations=st.lists(
        st.builds(Iteration, kind=st.sampled_from(["message", "compaction", "new"]), model=MODELS, usage=USAGES),
        max_size=2,
    ).map(tuple),
    batch=st.booleans(),
    speed=st.sampled_from([None, "standard", "fast", "warp"]),
    inference_geo=st.sampled_from([None, "us", "global"]),
    service_tier=st.sampled_from([None, "standard", "priority", "batch"]),
    regional=st.booleans(),
    http_status=st.just(200),
    reason=st.none() | st.just("cut"),
    notes=st.just(()) | st.just(("assumed", "also")),
    stated_cost=st.none() | st.sampled_from([Decimal(0), Decimal("0.0123"), Decimal("1.755E-5"), Decimal("1E-30")]),
    request=st.sampled_from([None, '{"messages":"0123456789:10"}', '{"messages":"9876543210:10"}']),
    failure=st.sampled_from([None, Failure.OVERLOADED, Failure.CONTEXT_LENGTH]),
    rate_limits=st.sampled_from([None, "50,,8000"]),
)
PLAIN: dict[str, Any] = {"status": Status.MEASURED, "iterations": (), "notes": (), "stated_cost": None}
ANSWER_STATES = [
    Answer(status=Status.UNMEASURED, endpoint="messages", model="claude-opus-4-7", reason="cut"),
    Answer(status=Status.MEASURED, endpoint="messages", model="claude-opus-4-7", usage=Usage(input_tokens=7)),
    Answer(status=Status.MEASURED, endpoint="messages", model="claude-opus-4-7", notes=("assumed",)),
]
"""What a call may have been before its last state came."""
OWNERS = st.sampled_from([("a.py::test_1", "test"), ("a.py::test_2", "test"), ("c.py::f", "fixture")])
SITES = st.none() | st.sampled_from(
    ["a.py:7 é\na.py:7 test_1", "a.py:7 é", "<b>|`x`.py:12 A.<locals>.f", "of no frame"]
)
NAMES = st.none() | st.sampled_from(["triage", "<b>|`x`"])


@st.composite
def calls(draw: st.DrawFn) -> list[Call]:
    """Any calls of a run."""
    answers = draw(st.lists(ANSWERS, max_size=12))
    made = []
    for number, answer in enumerate(answers):
        owner, kind = draw(OWNERS)
        made.append(
            Call(
                id=number,
                at=NOON,
                answer=answer,
                owner=Owner(id=owner, kind=kind, phase="call"),
                labels=Labels(feature=draw(NAMES), tier=draw(NAMES)),
                origin=draw(st.sampled_from(list(Origin))),
                process="gw0",
                site=draw(SITES),
            )
        )
    return made


def report_of(made: list[Call], budget: Budget | None = None) -> CostReport:
    """Build a report at the packaged rates."""
    return build_report(made, RunFacts(rates=packaged_rates(), budget=budget))


@given(calls())
@settings(max_examples=tries(150), deadline=None)
def test_sums_by_owner_and_over_all_agree_exactly(made: list[Call]) -> None:
    """Each call has one owner; `seen` is the sum of its parts; what is not known in full is `at_least`."""
    report = report_of(made)
    added = Sum()
    for row in report.sums.by_owner:
        added.include(row.totals)
    assert report.totals == added.totals()
    answers = report.sums.answers
    assert answers.seen == answers.priced + answers.unpriced + answers.unmeasured == report.totals.calls
    assert report.totals.at_least == (answers.priced < answers.seen)
    assert sum(row.calls for row in report.sums.unpriced) == answers.seen - answers.priced


@given(calls())
@settings(max_examples=tries(150), deadline=None)
def test_what_each_kind_of_token_costs_adds_up_to_the_run_exactly(made: list[Call]) -> None:
    """Long prompts, fast mode, batches, compactions and answers without a price among them; read back it is the same."""
    report = report_of(made)
    parts = report.sums.by_kind
    assert parts is not None
    with exact():
        assert report.totals.cost == sum(parts.values(), Decimal(0))
    assert all(getattr(report.totals.usage, kind) for kind in parts)
    assert read_report(json_document(report), "a.json").sums.by_kind == parts


@given(calls(), st.randoms(use_true_random=False))
@settings(max_examples=tries(60), deadline=None)
def test_the_order_of_calls_and_their_way_through_the_ledger_change_nothing(made: list[Call], random: object) -> None:
    """Workers interleave as they like, and every field survives the table."""
    stored = [call_of(row_of(call)) for call in made]
    assert stored == made
    random.shuffle(stored)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
    assert json_document(report_of(stored)) == json_document(report_of(made))


@given(calls())
@settings(max_examples=tries(60), deadline=None)
def test_every_report_is_valid_under_its_schema_and_fits_80_columns(made: list[Call]) -> None:
    """Whatever the calls were."""
    report = report_of(made)
    jsonschema.validate(json.loads(json.dumps(json_document(report))), SCHEMA)
    table = [line.text for line in terminal_lines(report, 79) if line.text.startswith(("a.py", "c.py", "total"))]
    assert [line for line in table if len(line) > 79] == []
    assert all(line.text.isprintable() for line in terminal_lines(report, 79))


def append(ledger: Path, made: list[Call]) -> None:
    """Write calls as a process does."""
    journal = Journal(ledger)
    for call in made:
        payer = payer_of(call.owner, call.labels, call.process)
        journal.append([Entry(call.id, call.at, payer, call.retry, site_of(call.site), call.origin, call.answer)])
    journal.close()


@given(calls(), st.data())
@settings(max_examples=tries(60), deadline=None)
def test_calls_that_the_ledger_sums_up_give_the_same_report(made: list[Call], data: st.DataObject) -> None:
    """Whoever brought them in, and whatever they were before: what is priced in proportion is summed, all else comes one by one."""
    rates = packaged_rates()
    plain = [replace(call, answer=replace(call.answer, **PLAIN)) if data.draw(st.booleans()) else call for call in made]
    sent = [*plain, *(replace(call, id=call.id + 100) for call in plain)]
    replaced = data.draw(st.lists(st.sampled_from(sent), max_size=3)) if sent else []
    earlier = [replace(call, answer=data.draw(st.sampled_from([call.answer, *ANSWER_STATES]))) for call in replaced]
    with tempfile.TemporaryDirectory() as folder:
        ledger, other = (SqliteLedger(Path(folder) / "run.sqlite3") for _ in range(2))
        append(ledger.path, earlier)
        (ledger if data.draw(st.booleans()) else other).gather()
        append(ledger.path, sent)
        (ledger if data.draw(st.booleans()) else other).gather()
        models = [model for model in ledger.models() if rates.is_proportional(model, date(2026, 11, 23))]
        together, again = (list(reader.totalled(models)) for reader in (ledger, other))
        apart = list(ledger.calls())
        ledger.close()
        other.close()
    assert sum(call.count for call in together) == sum(call.count for call in again) == len(apart) == 2 * len(made)
    assert json_document(report_of(together)) == json_document(report_of(again)) == json_document(report_of(apart))


def test_a_model_with_rates_for_long_prompts_is_not_summed_up() -> None:
    """Two prompts of 60,000 are not one of 120,000."""
    rates = packaged_rates()
    models = ("claude-haiku-5-5", "claude-haiku-4-5", "anthropic/claude-sonnet-4.6")
    now, then = date(2026, 11, 23), date(2026, 3, 12)
    assert [rates.is_proportional(model, now) for model in models] == [False, True, True]
    assert [rates.is_proportional(model, then) for model in models] == [False, True, False]


def test_what_each_kind_costs_is_worked_out_by_its_own_rates() -> None:
    """Haiku 4.5, in millionths of a dollar: 1,000 x 1 in, 400 x 1.25 and 0.5 x 400 x 1.25 (a batch) written, 2,000 x 0.1 read, 100 x 5 out.

    Two web searches are $0.02; a model without rates adds nothing.
    """
    one = Usage(input_tokens=1_000, cache_creation_5m_input_tokens=400, output_tokens=100, web_search_requests=2)
    batch = Usage(cache_creation_5m_input_tokens=400, cache_read_input_tokens=4_000)
    report = report_of([one_call(usage=one), one_call(usage=batch, batch=True), one_call(model="unknown-9")])
    assert report.sums.by_kind == {
        "input_tokens": Decimal("0.001"),
        "cache_creation_5m_input_tokens": Decimal("0.00075"),
        "cache_read_input_tokens": Decimal("0.0002"),
        "output_tokens": Decimal("0.0005"),
        "web_search_requests": Decimal("0.02"),
    }
    assert report.totals.cost == Decimal("0.02245")
    document = json_document(report)
    assert document["cost_by_kind"]["cache_creation_5m_input_tokens"] == "0.00075"
    first, second = (read_report(document, name) for name in ("a.json", "b.json"))
    parts = [replace(first.sums, by_owner=()), replace(second.sums, by_owner=())]
    shards = [
        replace(each, sums=own, run=RunInfo(ids=(each.shown,)))
        for each, own in zip((first, second), parts, strict=True)
    ]
    both = combine(shards).sums
    assert both.by_kind == {kind: 2 * amount for kind, amount in report.sums.by_kind.items()}
    del document["cost_by_kind"]
    earlier = read_report(document, "c.json")
    older = replace(earlier, sums=replace(earlier.sums, by_owner=()), run=RunInfo(ids=("c",)))
    assert combine([shards[0], older]).sums.by_kind is None


@pytest.mark.parametrize("wrong", [{"other": "1"}, {"input_tokens": 1}, {"input_tokens": "-1"}, []])
def test_costs_by_kind_that_are_none_are_refused(wrong: object) -> None:
    document = json_document(report_of([one_call()]))
    with pytest.raises(InputError, match=r"cost_by_kind|input_tokens"):
        read_report({**document, "cost_by_kind": wrong}, "a.json")


def one_call(**changes: object) -> Call:
    """1,000 tokens in and 100 out on Haiku 4.5: $0.0015."""
    usage = Usage(input_tokens=1000, output_tokens=100)
    values: dict[str, object] = {"status": Status.MEASURED, "endpoint": "messages", "model": "claude-haiku-4-5"}
    answer = Answer(**{**values, "usage": usage, **changes})  # type: ignore[arg-type]  # a test's own values
    owner = Owner(id="a.py::test_1", kind="test", phase="call")
    return Call(id=1, at=NOON, answer=answer, owner=owner, labels=Labels(), origin=Origin.LIVE)


def run_limit(maximum: str) -> Budget:
    """A budget of one limit."""
    limit = Limit(
        scope="run",
        measure="max_cost",
        maximum=Decimal(maximum),
        where="claude-budget.yml:3",
        path="limits[0].max_cost",
    )
    return Budget(limits=(limit,), source="claude-budget.yml")


def test_what_is_barely_over_a_limit_looks_over_it() -> None:
    """$0.0015 against $0.00149999."""
    lines = [line.text for line in terminal_lines(report_of([one_call()], run_limit("0.00149999")), 79)]
    assert "  claude-budget.yml:3: the run costs $0.0015, the limit is $0.00149999" in lines


def test_every_line_fits_and_no_path_or_option_is_broken() -> None:
    """At 80 columns; what is longer than a line, as an id may be, stays whole."""
    option = "--claude-budget-report=json:PATH"
    reason = "1 answer is unmeasured: " + "a reason that is longer than a line of a terminal " * 3
    facts = RunFacts(
        rates=packaged_rates(), budget=run_limit("0.00149999"), faults=[reason, "x" * 100, f"{'x ' * 33}{option}"]
    )
    lines = [line.text for line in terminal_lines(build_report([one_call()], facts), 79)]
    assert [line for line in lines if len(line) > 79] == ["  " + "x" * 100]
    assert reason.strip() in " ".join(line.strip() for line in lines)
    assert option in [line.strip() for line in lines]


@pytest.mark.parametrize("width", range(30, 80, 7))
def test_a_command_is_never_broken_so_that_it_can_be_copied(width: int) -> None:
    """Wherever the line ends, the command stays whole, and no space becomes another one."""
    text = "to accept: raise claude-budget.yml:53 to $245.16, then pytest --claude-budget-update, then commit"
    lines = wrapped(text, width, "  ", "    ")
    assert sum("pytest --claude-budget-update" in line for line in lines) == 1
    assert " ".join(map(str.strip, lines)) == text


def test_an_unknown_cost_is_never_shown_as_nothing() -> None:
    """`unpriced` where nothing is known, `at least` where something is."""
    unknown = [line.text for line in terminal_lines(report_of([one_call(model="x")]), 79)]
    assert [line for line in unknown if "$0.00" in line] == []
    assert "cost not known, spent an unknown amount on live calls" in unknown
    assert any(line.split()[-1] == "unpriced" for line in unknown if line.startswith("total"))
    both = [line.text for line in terminal_lines(report_of([one_call(model="x"), one_call()]), 79)]
    assert any(line.endswith("at least $0.0015") for line in both if line.startswith("total"))


def test_an_exempt_answer_is_counted_and_named_and_no_reason_to_fail() -> None:
    """$0.0015 of the other test is within $1. Exempt by the budget's pattern, or by the test's own marker."""
    calls = [one_call(), replace(one_call(model="x"), id=2, owner=Owner(id="old/b.py::t", kind="test", phase="call"))]
    plain, patterns = run_limit("1"), MayBeUnknown(patterns=("old/**",))
    facts = RunFacts(rates=packaged_rates(), budget=plain)
    assert build_report(calls, facts).verdict.outcome is Outcome.INCOMPLETE
    by_pattern = replace(facts, budget=replace(plain, may_be_unknown=patterns))
    for each in (by_pattern, replace(facts, exempt=frozenset({"old/b.py::t"}))):
        report = build_report(calls, each)
        assert (report.verdict.outcome, report.verdict.incomplete, report.totals.at_least) == (Outcome.WITHIN, (), True)
        lines = [line.text for line in terminal_lines(report, 79)]
        assert "  exempt by may_be_unknown: 1 answer of old/b.py::t" in lines
        assert lines[-1] == "verdict: within, as far as it is known: 1 answer is exempt"
        document = json_document(report)
        jsonschema.validate(document, SCHEMA)
        assert document["exempt"] == [{"owner": "old/b.py::t", "calls": 1}]
        page = comment(document)
        assert "**Exempt** by `may_be_unknown`: 1 answer of `t`." in page
        assert "within" not in page
        assert "Not known:" not in page
        assert judge(read_report(document, "r.json").sums, report.record, each).verdict == report.verdict
    marked = json_document(build_report(calls, replace(facts, exempt=frozenset({"old/b.py::t"}))))
    assert read_report(marked, "r.json").exempt == {"old/b.py::t"}


def test_a_hint_names_no_key_that_is_written_already() -> None:
    """`on_incomplete: warn` is no advice where it stands in the file."""
    hint = "on_incomplete: warn in the budget file"
    for how, said in (("fail", True), ("warn", False)):
        report = report_of([one_call(model="x")], replace(run_limit("1"), on_incomplete=how))
        assert (hint in " ".join(line.text.strip() for line in terminal_lines(report, 79))) is said


def test_a_run_without_answers_says_nothing() -> None:
    """Quiet where there is nothing to say."""
    assert terminal_lines(report_of([]), 79) == []


@pytest.mark.parametrize(("today", "said"), [("2027-01-22", 0), ("2027-01-23", 1)])
def test_rates_older_than_60_days_are_named_with_their_day(today: str, said: int) -> None:
    """23 November and 60 days is 22 January."""
    texts = stale(date(2026, 11, 23), date.fromisoformat(today))
    assert len(texts) == said
    assert all("2026-11-23" in text for text in texts)


def test_live_calls_are_spent_and_simulated_ones_are_not() -> None:
    """The cost is the same."""
    live = report_of([one_call()]).totals
    assert (live.cost, live.spent) == (Decimal("0.0015"), Decimal("0.0015"))


def test_tokens_that_come_on_top_are_in_the_sums_with_their_cost() -> None:
    """A compaction of 2,000 in and 50 out on Haiku 4.5 beside 1,000 in and 100 out: $0.0015 + $0.00225."""
    entry = Iteration(kind="compaction", model=None, usage=Usage(input_tokens=2000, output_tokens=50))
    totals = report_of([one_call(iterations=(entry,))]).totals
    assert (totals.cost, totals.usage) == (Decimal("0.00375"), Usage(input_tokens=3000, output_tokens=150))


def test_twenty_alike_are_one_line_that_names_the_dearest() -> None:
    """Test `n` has n calls of $0.0015; the limit of each is $0.001. The verdict stands at the end."""
    limit = replace(run_limit("0.001").limits[0], scope="test", path="limits[1].max_cost")
    budget = Budget(limits=(limit,), source="claude-budget.yml")
    calls = [
        replace(one_call(), id=100 * number + at, owner=Owner(id=f"a.py::test_{number}", kind="test", phase="call"))
        for number in range(1, 21)
        for at in range(number)
    ]
    lines = [line.text for line in terminal_lines(report_of(calls, budget), 79)]
    said = " ".join(line.strip() for line in lines)
    assert (
        "claude-budget.yml:3: 20 tests over max_cost 0.001 for each test, the farthest a.py::test_20 ($0.03) to pass"
        in said
    )
    assert "to pass: make the calls cheaper, or raise claude-budget.yml:3 from 0.001 to max_cost: 0.03" in said
    assert lines[-1] == "verdict: over: 1 limit exceeded"
    assert max(map(len, lines)) <= 79


def test_many_that_moved_for_one_reason_are_one_line_and_the_amounts_line_up() -> None:
    """Five tests make one call more, $0.0015 each; another has a call of $0.0015 that is new."""
    before = build_report([_of(f"t{n}", n) for n in range(5)], RunFacts(rates=packaged_rates())).record
    facts = RunFacts(
        rates=packaged_rates(), before=before, baseline=Baseline(source="lock.json", kind="lock"), budget=run_limit("1")
    )
    calls = [_of(f"t{n}", 10 * n + at) for n in range(5) for at in range(2)] + [_of("new", 99)]
    lines = [line.text for line in terminal_lines(build_report(calls, facts), 79)]
    at = lines.index("  +$0.0075 5 tests: each makes 2 calls (was 1)")
    assert lines[at + 1 : at + 7] == [
        "           a.py::t0",
        "           a.py::t1",
        "           a.py::t2",
        "           and 2 more",
        "  +$0.0015 a.py::new",
        "           new",
    ]


def _of(name: str, id_: int) -> Call:
    return replace(one_call(), id=id_, owner=Owner(id=f"a.py::{name}", kind="test", phase="call"))
