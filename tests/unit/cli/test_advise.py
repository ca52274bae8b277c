"""`advise`: levers from a ledger and from a report, what it prints of them, and what the comment folds away."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from pytest_claude_budget.advice.lever import Lever, Month, Option, Saving, Shown
from pytest_claude_budget.calls.call import Answer, Labels, Origin, Owner, Status, Usage
from pytest_claude_budget.cli import main
from pytest_claude_budget.files.load import Terms, load_report, sums_of
from pytest_claude_budget.judge.combine import OF_A_SHARD, combine
from pytest_claude_budget.judge.report import RunFacts, RunInfo, judge
from pytest_claude_budget.ledger.journal import Journal
from pytest_claude_budget.ledger.row_format import NOWHERE, Entry, payer_of
from pytest_claude_budget.render.comment import comment, summary
from pytest_claude_budget.render.json_document import json_document, report_text
from pytest_claude_budget.render.levers import NONE, OVERLAP
from tests.builders.priced import TABLE, TODAY
from tests.builders.records import record
from tests.builders.seen import SONNET, START, question, seen
from tests.unit.cli.test_gate_and_compare import costing

SCHEMA = json.loads((Path(__file__).parents[3] / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
SAVING = Saving(low=Decimal("0.5"), high=Decimal("1.25"))
MONTHS = (
    Month(scenario="light", requests_per_month=10, saving=SAVING),
    Month(scenario="average", requests_per_month=1_000, saving=Saving(low=Decimal(20), high=Decimal(20))),
)
HOSTILE = "</details>@everyone|\x1b[31m[x](http://e)"
LEVER = Lever(
    kind="cheaper-model",
    feature=HOSTILE,
    model=HOSTILE,
    calls=7,
    tests=3,
    shown_by=(Shown(owner=HOSTILE, calls=5), Shown(owner="t::b", calls=1)),
    paid=Decimal("2.5"),
    saving=SAVING,
    month=MONTHS,
    text="no answer of 7 calls has more than 9 output tokens",
    do="try a cheaper model on these tests",
    rests_on=("not tried",),
    options=(Option(model="claude-haiku-5-5", saving=SAVING, month=MONTHS),),
)
PAID = replace(LEVER, kind="cut-answers", saving=None, month=(), month_unknown="who knows", options=())


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command runs in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def report(path: str, levers: tuple[Lever, ...] | None, id_: str = "r1") -> str:
    """Write a report with levers; None is one in which nobody looked."""
    held = record(costing(f"{id_}.py::t", 10))
    facts = RunFacts(rates=TABLE, day=TODAY, run=RunInfo(ids=(id_,)), levers=levers)
    made = judge(sums_of(held, Terms(budget=None, rates=TABLE, day=TODAY)), held, facts)
    Path(path).write_text(report_text(made), encoding="utf-8")
    jsonschema.validate(json_document(made), SCHEMA)
    return path


def test_a_report_keeps_its_levers() -> None:
    """Written, checked by the schema, read back the same; those of an earlier version have none."""
    assert load_report(report("a.json", (LEVER, PAID))).levers == (LEVER, PAID)
    assert load_report(report("a.json", ())).levers == ()
    assert load_report(report("a.json", None)).levers is None


def test_shards_keep_their_levers_without_a_month() -> None:
    """A month is a mean of tests, and each shard has some of them."""
    one, other = (load_report(report(f"{id_}.json", (LEVER,), id_)) for id_ in ("r1", "r2"))
    levers = combine([one, other]).levers
    assert levers is not None
    assert [(each.month, each.month_unknown, each.options[0].month) for each in levers] == [((), OF_A_SHARD, ())] * 2
    assert combine([one]).levers == (LEVER,)
    assert combine([one, replace(other, levers=None)]).levers is None


def test_levers_are_printed_with_all_that_they_rest_on(capsys: pytest.CaptureFixture[str]) -> None:
    """Within 80 columns, and nothing that a terminal would obey; the average's month."""
    assert main(["advise", report("a.json", (LEVER, PAID))]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in out
    assert "saves $0.50 to $1.25 a run, $20.00 a month at average volume" in " ".join(out.split())
    assert "   No answer of 7 calls has more than 9 output tokens." in lines
    assert "   → Try a cheaper model on these tests." in lines
    assert "   t::b (1 call)" in lines
    assert "   and 1 more" in lines
    assert "$2.50 a run was paid for it" in " ".join(out.split())
    assert "   - no month: who knows" in lines
    assert lines[-1] == OVERLAP


def test_other_forms_say_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has the report's own entries; Markdown shows foreign names as code."""
    entries = json.loads(Path(report("a.json", (LEVER,))).read_text(encoding="utf-8"))["levers"]
    assert main(["advise", "a.json", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"schema_version": 1, "levers": entries}
    assert main(["advise", "a.json", "--format", "markdown"]) == 0
    assert "`</details>@everyone|" in capsys.readouterr().out
    assert main(["advise", report("none.json", ())]) == 0
    assert capsys.readouterr().out == f"{NONE}\n"


def test_a_report_in_which_nobody_looked_says_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    """The ledger tells."""
    assert main(["advise", report("a.json", None)]) == 2
    assert "in this one they were not\nhint: name the run's ledger" in capsys.readouterr().err


def test_the_comment_folds_levers_away_where_there_is_one() -> None:
    """One line with the first's saving; the summary has them too. Without a lever, not a word."""
    document = json.loads(Path(report("a.json", (LEVER, *(PAID,) * 6))).read_text(encoding="utf-8"))
    page = comment(document)
    title = "What would cost less: 7 levers; the first saves $20.00 a month at average volume"
    assert f"<details><summary>{title}</summary>" in page
    assert "**Try a cheaper model on these tests**: `claude-haiku-5-5` saves $0.50" in page
    assert "and 2 more: `claude-budget advise` shows them" in page
    assert title in summary(document)
    assert "cost less" not in comment({**document, "levers": []})


def test_a_ledger_is_looked_at_call_by_call(capsys: pytest.CaptureFixture[str]) -> None:
    """The same request twice: 1,000 x $3 + 200 x $15 per million. The newest ledger of the cache needs no name."""
    asked = seen({"messages": question("Q")})
    answer = Answer(
        status=Status.MEASURED,
        endpoint="messages",
        model=SONNET,
        usage=Usage(input_tokens=1_000, output_tokens=200),
        request=asked.request,
    )
    payer = payer_of(Owner(id="t.py::t", kind="test", phase="call"), Labels(), "main")
    folder = Path(".pytest_cache/d/claude-budget")
    folder.mkdir(parents=True)
    path = folder / "run-1.sqlite3"
    calls = [Entry(number, START + number, payer, 0, NOWHERE, Origin.SIMULATED, answer) for number in range(4)]
    odd = replace(answer, notes=("assumed",)), replace(answer, batch=True), replace(answer, status=Status.AT_LEAST)
    others = [Entry(number, START, payer, 0, NOWHERE, Origin.SIMULATED, each) for number, each in enumerate(odd, 9)]
    Journal(path).append([calls[1], calls[0], *others])
    for name in ([], [str(path)]):
        assert main(["advise", *name, "--format", "json"]) == 0
        (lever,) = json.loads(capsys.readouterr().out)["levers"]
        assert (lever["kind"], lever["calls"], lever["saving"]) == ("asked-again", 1, {"low": "0.006", "high": "0.006"})
