"""What a runner repeats is no change of the code: sums have all of it, the record has one of each."""

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from pytest_claude_budget.calls.call import Answer, Call, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.compare.lock_update import stale, update
from pytest_claude_budget.compare.result import Baseline, Standing
from pytest_claude_budget.judge.combine import combine
from pytest_claude_budget.judge.read_report import LoadedReport, read_report
from pytest_claude_budget.judge.report import CostReport, RunFacts, RunInfo, build_report, judge
from pytest_claude_budget.record.lock_format import read_record
from pytest_claude_budget.record.lock_text import lock_text
from pytest_claude_budget.record.record import Record
from pytest_claude_budget.record.selection import Selection
from pytest_claude_budget.record.sums import Sums
from pytest_claude_budget.render.report_kinds import document_of
from tests.builders.priced import TABLE
from tests.builders.records import HAIKU

CORPUS = "conftest.py::corpus"


def call(owner: str, phase: str, process: str = "", *, output: int = 200, text: str = "m") -> Call:
    """1,000 tokens of input at $1 a million and, at first, 200 of output at $5: $0.001 + $0.001 = $0.002."""
    kind = "outside" if owner == "outside tests" else "fixture" if "::test_" not in owner else "test"
    answer = Answer(
        status=Status.MEASURED,
        endpoint="messages",
        model=HAIKU,
        usage=Usage(input_tokens=1000, output_tokens=output),
        request=json.dumps({"messages": f"{text}:9"}),
    )
    paying = Owner(id=owner, kind=kind, phase=phase)
    return Call(id=0, at=1.79e9, answer=answer, owner=paying, labels=Labels(), origin=Origin.SIMULATED, process=process)


def report(*calls: Call, run: str = "r1") -> CostReport:
    numbered = [replace(each, id=at) for at, each in enumerate(calls)]
    return build_report(numbered, RunFacts(rates=TABLE, run=RunInfo(ids=(run,))))


def texts(of: CostReport) -> list[str]:
    return [entry["text"] for entry in json.loads(document_of(of, "json"))["repeats"] if entry["text"]]


def lock(record: Record) -> str:
    return lock_text(record)


def read(*reports: CostReport) -> list[LoadedReport]:
    return [read_report(json.loads(document_of(each, "json")), f"s{at}.json") for at, each in enumerate(reports)]


def whole(shards: Sequence[CostReport]) -> tuple[LoadedReport, CostReport]:
    combined = combine(read(*shards))
    return combined, judge(combined.sums, combined.record, RunFacts(rates=TABLE))


def test_a_fixture_that_two_workers_set_up_is_compared_by_one_set_up() -> None:
    """The run costs 2 × $0.002; its record is that of a run without workers. A child process belongs to its worker."""
    plain = report(call(CORPUS, "setup 1"), call(CORPUS, "setup 1", "child-7"))
    two = report(
        *[call(CORPUS, "setup 1", process) for process in ("gw0", "child-8 of gw0", "gw1", "child-9 of gw1")],
    )
    assert (plain.totals.cost, two.totals.cost) == (Decimal("0.004"), Decimal("0.008"))
    assert lock(two.record) == lock(plain.record)
    assert texts(plain) == []
    assert texts(two) == [f"{CORPUS} was set up in 2 workers, $0.004 each: one of them is compared"]


def test_of_set_ups_that_differ_the_dearest_is_compared() -> None:
    """$0.002 and, with 400 tokens of output, $0.003; the order of the workers makes no difference."""
    for dear, cheap in (("gw0", "gw1"), ("gw1", "gw0")):
        found = report(call(CORPUS, "setup 1", cheap), call(CORPUS, "setup 1", dear, output=400))
        assert found.record.owners[CORPUS].usage.output_tokens == 400
        assert texts(found) == [f"{CORPUS} was set up in 2 workers, $0.002 to $0.003: the dearest is compared"]


def test_a_fixture_of_each_module_counts_once_for_each() -> None:
    """Three set-ups for two modules are two, as in a plain run; a third module is a change of the code."""
    plain = report(call(CORPUS, "setup 1 a.py"), call(CORPUS, "setup 1 b.py"))
    split = report(
        call(CORPUS, "setup 1 a.py", "gw0"), call(CORPUS, "setup 1 a.py", "gw1"), call(CORPUS, "setup 1 b.py", "gw1")
    )
    assert plain.record.owners[CORPUS].calls == 2
    assert lock(split.record) == lock(plain.record)
    assert texts(plain) == []
    assert texts(split) == [f"{CORPUS} was set up 3 times for 2 places, $0.002 each: each place is compared once"]


def test_shards_that_set_up_a_fixture_are_as_one_run() -> None:
    """Also where a module is split among them, and in any order; the cost stays the sum, 4 × $0.002."""
    plain = report(call(CORPUS, "setup 1 a.py"), call(CORPUS, "setup 1 b.py"), call("a.py::test_1", "call"))
    shards = [
        report(call(CORPUS, "setup 1 a.py"), call("a.py::test_1", "call"), run="s1"),
        report(call(CORPUS, "setup 1 a.py"), call(CORPUS, "setup 1 b.py"), run="s2"),
    ]
    for order in (shards, shards[::-1]):
        combined, judged = whole(order)
        assert lock(combined.record) == lock(plain.record)
        assert judged.totals.cost == Decimal("0.008")
        assert texts(judged) == [f"{CORPUS} was set up 3 times for 2 places, $0.002 each: each place is compared once"]
    again = combine([combined, *read(report(call(CORPUS, "setup 1 c.py"), run="s3"))])
    assert again.record.owners[CORPUS].calls == 3


def test_a_test_that_was_run_again_is_compared_by_its_last_time() -> None:
    """Two calls in the attempt that failed, one in the one that passed: $0.006, and one call in the record."""
    name = "a.py::test_1"
    plain = report(call(name, "setup"), call(name, "call"))
    again = report(
        *[call(name, phase) for phase in ("setup", "call", "call", "setup 2", "call 2")],
    )
    assert (again.totals.cost, again.record.owners[name].calls) == (Decimal("0.010"), 2)
    assert lock(again.record) == lock(plain.record)
    assert texts(again) == [f"{name} ran twice, $0.004 to $0.006: the last time is compared"]
    each = report(*[call(name, phase, worker) for worker in ("gw0", "gw1") for phase in ("setup", "call")])
    assert lock(each.record) == lock(plain.record)
    assert texts(each) == [f"{name} ran in 2 workers, $0.004 each: one of them is compared"]


def benchmarked(calls: int, *, output: int = 200, set_up: bool = True) -> CostReport:
    """One call in its set-up, and so many that a benchmark repeats, in two kinds: 2 of `m` for each of `n`."""
    name = "a.py::test_1"
    said = [call(name, "call 1 benchmark", text="n" if at % 3 else "m", output=output) for at in range(3 * calls)]
    return report(*([call(name, "setup")] if set_up else []), *said)


def test_what_a_benchmark_repeats_is_compared_by_one_call_of_each_kind() -> None:
    """3 × 125 calls and 1 of $0.002, $0.752; then 3 × 104 and 1, $0.626: one in the set-up and one of each kind on both sides."""
    slow, fast = benchmarked(104), benchmarked(125)
    assert (fast.totals.cost, slow.totals.cost) == (Decimal("0.752"), Decimal("0.626"))
    assert lock(fast.record) == lock(slow.record)
    (used,) = fast.record.owners.values()
    assert (used.benchmark, used.calls, used.usage.input_tokens) == (True, 3, 3000)
    said = "a.py::test_1 is repeated by a benchmark, 375 calls for $0.752: one call of each kind is compared, not how many;"
    assert texts(fast) == [f"{said} pytest --benchmark-disable runs it once"]
    facts = RunFacts(rates=TABLE, baseline=Baseline(source="l.json", kind="lock"), before=fast.record)
    (again,) = read(slow)
    judged = judge(again.sums, again.record, facts)
    assert judged.comparison is not None
    assert (judged.comparison.change, judged.comparison.counts[Standing.UNCHANGED]) == (0, 1)
    assert stale(fast.record, slow.record, Selection()) == []
    dearer = benchmarked(104, output=400).record
    assert stale(fast.record, dearer, Selection()) == ["a.py::test_1"]


def test_a_benchmark_that_is_off_is_compared_by_one_call_of_each_kind_with_one_that_is_on() -> None:
    """Off, it runs once: `m` once and `n` twice, exactly. Nothing changed, so the lock file stays as it was, whichever it has."""
    name = "a.py::test_1"
    off, on = report(*[call(name, "call", text=text) for text in "mnn"]).record, benchmarked(125, set_up=False).record
    for before, after in ((off, on), (on, off)):
        assert stale(before, after, Selection()) == []
        facts = RunFacts(rates=TABLE, baseline=Baseline(source="l.json", kind="lock"), before=before)
        judged = judge(Sums(), after, facts)
        assert judged.comparison is not None
        assert (judged.comparison.change, judged.comparison.before) == (0, Decimal("0.004"))
        updated = update(before, after, Selection())
        assert (updated.changed, lock(updated.record)) == ((), lock(before))
    dearer = report(*[call(name, "call", text=text, output=400) for text in "mnn"]).record
    assert lock(update(on, dearer, Selection()).record) == lock(dearer)
    assert lock(read_record(json.loads(lock(on)), "l.json")) == lock(on)


def test_what_each_worker_or_shard_imports_counts_once() -> None:
    """Modules are imported by every worker; what only one of the shards imports is there too."""
    outside = "outside tests"
    plain = report(call(outside, ""), call(outside, "", text="n"))
    workers = report(*[call(outside, "", worker, text=text) for worker in ("gw0", "gw1") for text in "mn"])
    assert lock(workers.record) == lock(plain.record)
    combined, _ = whole([report(call(outside, ""), run="s1"), report(call(outside, "", text="n"), run="s2")])
    assert lock(combined.record) == lock(plain.record)


def test_what_a_marker_or_a_benchmark_says_of_a_test_is_said_of_all_shards() -> None:
    """One shard's test may be unknown, and another's is repeated 6 times."""
    unknown = replace(call("b.py::test_2", "call"), answer=replace(call("b", "").answer, model="claude-unknown-9"))
    facts = RunFacts(rates=TABLE, run=RunInfo(ids=("s1",)), exempt=frozenset({"b.py::test_2"}))
    combined = combine(read(build_report([unknown], facts), benchmarked(2, set_up=False)))
    again = judge(combined.sums, combined.record, replace(facts, exempt=combined.exempt))
    assert [(row.owner, row.calls) for row in again.exempt] == [("b.py::test_2", 1)]
    assert combined.record.owners["a.py::test_1"].benchmark
    assert texts(again) == [
        "a.py::test_1 is repeated by a benchmark, 6 calls for $0.012: one call of each kind is compared, not how many;"
        " pytest --benchmark-disable runs it once"
    ]


def test_a_report_of_an_older_version_is_added_up_as_it_was() -> None:
    """It does not say how often a fixture was set up."""
    documents = [json.loads(document_of(report(call(CORPUS, ""), run=run), "json")) for run in ("s1", "s2")]
    for document in documents:
        del document["repeats"]
    combined = combine([read_report(document, "s.json") for document in documents])
    assert combined.record.owners[CORPUS].calls == 2
