"""A match or pattern that covers nothing of a whole run is named, with what it may have meant."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_claude_budget.calls.call import Answer, Call, Iteration, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.files.load import Terms, sums_of
from pytest_claude_budget.judge.combine import combine
from pytest_claude_budget.judge.read_report import read_report
from pytest_claude_budget.judge.report import CostReport, RunFacts, RunInfo, build_report, judge
from pytest_claude_budget.record.selection import Selection
from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.json_document import json_document
from pytest_claude_budget.render.terminal import terminal_lines
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import HAIKU, group, owner, record, usage

USED = record(owner("tests/advice/test_a.py::test_one", group(usage(1000), HAIKU, feature="replies", tier="gold")))
WHOLE = Selection(ran=frozenset({"tests/quiet/test_b.py::test_two"}))
BUDGET = """version: 1
limits:
  - {scope: test, match: "test/advice/**", max_cost: 1}
  - {scope: test, match: "tests/quiet/**", max_cost: 1}
  - {scope: model, match: "claude-opous-*", max_cost: 1}
  - {scope: model, match: "claude-opus-*", max_cost: 0}
  - {scope: feature, match: repliez, max_cost: 1}
  - {scope: tier, match: gold, max_cost: 1}
changes:
  test: [{match: "test/quiet/**", max_increase: 10%}]
features:
  replies: {tests: ["tests/advise/**"], requests_per_month: 10}
may_be_unknown:
  - tests/advice/**
  - test/quiet/**
"""
UNMET = [
    "claude-budget.yml:3: no test of this run is called 'test/advice/**': did you mean 'tests/advice/**'?",
    "claude-budget.yml:5: no model of the rate table is called 'claude-opous-*': did you mean 'claude-opus-*'?",
    "claude-budget.yml:7: no feature of this run is called 'repliez': did you mean 'replies'?",
    "claude-budget.yml:10: no test of this run is called 'test/quiet/**': did you mean 'tests/quiet/**'?",
    "claude-budget.yml:12: feature 'replies': no test of this run is called 'tests/advise/**': did you mean 'tests/advice/**'?",
    "claude-budget.yml:15: may_be_unknown: no test of this run is called 'test/quiet/**': did you mean 'tests/quiet/**'?",
]


def judged(folder: Path, run: RunInfo) -> CostReport:
    """The one test that calls, judged by the budget above."""
    path = folder / "claude-budget.yml"
    path.write_text(BUDGET, encoding="utf-8")
    budget = load_budget(path, "claude-budget.yml")[0]
    sums = sums_of(USED, Terms(budget=budget, rates=TABLE, day=TODAY))
    return judge(sums, USED, RunFacts(rates=TABLE, day=TODAY, budget=budget, run=run))


def test_what_covers_nothing_is_said_with_what_was_meant(tmp_path: Path) -> None:
    """A test that makes no calls is there; a model that no call used may be guarded against."""
    report = judged(tmp_path, RunInfo(selection=WHOLE))
    assert list(report.unmet) == UNMET
    told = " ".join(" ".join(line.text for line in terminal_lines(report, 120)).split())
    assert all(f"warning: {text}" in told for text in UNMET)
    assert "**Covers nothing:** " in comment(json_document(report))


@pytest.mark.parametrize(
    "run",
    [
        RunInfo(selection=Selection(narrowed="-k")),
        RunInfo(selection=Selection(paths=("tests/advice",))),
        RunInfo(selection=Selection(broken=frozenset({"test_c.py"})), outcome="failed"),
        RunInfo(outcome="interrupted"),
    ],
    ids=["k", "path", "import error", "Ctrl-C"],
)
def test_of_a_part_nothing_is_said(tmp_path: Path, run: RunInfo) -> None:
    """What is not in it may be in the rest."""
    assert judged(tmp_path, run).unmet == ()


ALIASES = """version: 1
rates:
  aliases:
    answers-profile: claude-sonnet-4-6
    asked-profile: claude-sonnet-4-6
    advisor-profile: claude-sonnet-4-6
    triage-profil: claude-haiku-4-5
    spare: claude-haiku-4-5
"""
UNUSED = [
    "claude-budget.yml:7: rates.aliases: no call of this run has the model 'triage-profil': did you mean 'triage-profile'?",
    "claude-budget.yml:8: rates.aliases: no call of this run has the model 'spare'",
]


def aliased(folder: Path, *names: str, run: str = "r1") -> CostReport:
    """A run of one call a name: of the model, of the one that was asked for, and of one that took a part."""
    path = folder / "claude-budget.yml"
    path.write_text(ALIASES, encoding="utf-8")
    budget = load_budget(path, "claude-budget.yml")[0]
    plain = Answer(status=Status.MEASURED, endpoint="messages", model=HAIKU, usage=Usage(input_tokens=9))
    part = Iteration(kind="advisor_message", model="advisor-profile", usage=Usage(input_tokens=9))
    answers = {
        "asked-profile": replace(plain, requested_model="asked-profile"),
        "advisor-profile": replace(plain, iterations=(part,)),
    }
    paying = Owner(id=f"tests/{run}.py::test_one", kind="test", phase="call")
    calls = [
        Call(
            id=at,
            at=1.79e9,
            answer=answers.get(name, replace(plain, model=name)),
            owner=paying,
            labels=Labels(),
            origin=Origin.SIMULATED,
            process="",
        )
        for at, name in enumerate(names)
    ]
    rates = TABLE.with_aliases(budget.aliases)
    return build_report(calls, RunFacts(rates=rates, day=TODAY, budget=budget, run=RunInfo(ids=(run,))))


def test_an_alias_that_no_call_has_is_said_with_what_was_meant(tmp_path: Path) -> None:
    """Whether it is the answer's model, the request's, or a part's; a gate that reads the report says the same."""
    report = aliased(tmp_path, "answers-profile", "asked-profile", "advisor-profile", "triage-profile")
    assert list(report.unmet) == UNUSED
    loaded = read_report(json_document(report), "r.json")
    assert judge(loaded.sums, loaded.record, report.facts).unmet == report.unmet


def test_an_alias_that_a_shard_has_is_used(tmp_path: Path) -> None:
    """And where one of the reports does not tell, as an older version's, nobody calls an alias unused."""
    names = (("answers-profile", "spare"), ("asked-profile", "advisor-profile", "triage-profile"))
    shards = [aliased(tmp_path, *each, run=f"s{at}") for at, each in enumerate(names)]
    documents = [json_document(shard) for shard in shards]
    facts = replace(shards[0].facts, run=RunInfo())
    combined = combine([read_report(each, f"{at}.json") for at, each in enumerate(documents)])
    assert list(judge(combined.sums, combined.record, facts).unmet) == UNUSED[:1]
    del documents[1]["aliases"]
    older = combine([read_report(json.loads(json.dumps(each)), f"{at}.json") for at, each in enumerate(documents)])
    assert judge(older.sums, older.record, facts).unmet == ()
