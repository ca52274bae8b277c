"""Charts for GitHub: where there is one, what it says, and that Mermaid draws it in a real browser, whatever things are called."""

import json
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

from pytest_claude_budget.files.rates_file import packaged_rates
from pytest_claude_budget.record.history import Cost
from pytest_claude_budget.record.totals import Totals
from pytest_claude_budget.render.comment import comment, summary
from pytest_claude_budget.render.comment_charts import causes_chart, chart
from pytest_claude_budget.render.history import Point
from pytest_claude_budget.render.history_markdown import history_section
from tests.action.node import MODULES, NODE
from tests.golden.documents import Owner, Report
from tests.html.test_in_a_browser import chromium

HOSTILE = '"] ; %%{init: {"theme": "x"}}%% </text><img src=x onerror=alert(1)>\n```\n`#quot; é\u202e'


def moved(*amounts: str, kinds: tuple[str, ...] = ("calls", "system", "cache", "output", "model", "tools")) -> Any:
    """A test that costs $1.00 before, and moved by these for causes of these kinds."""
    causes = [(kind, each, f"because of {kind}") for kind, each in zip(kinds, amounts, strict=False)]
    after = Decimal(1) + sum(map(Decimal, amounts), Decimal(0))
    steady = Owner(id="tests/a.py::test_steady", before="0.50", after="0.50", feature=f"search {HOSTILE}")
    test = Owner(id="tests/a.py::test_moved", before="1.00", after=str(after), causes=causes, feature=HOSTILE)
    return Report(owners=[test, steady]).document()


def mermaid(lines: list[str]) -> str:
    """The chart in its fence."""
    text = "\n".join(lines)
    return text.partition("```mermaid\n")[2].partition("\n```")[0]


def test_four_causes_that_matter_are_drawn_with_what_each_comes_to() -> None:
    """0.40 + 0.30 + 0.20 + 0.10 = 1.00, and 0.02 + 0.01 are less than a twentieth of 1.03 each, 0.0515."""
    lines = causes_chart(moved("0.40", "0.30", "0.20", "0.10", "0.02", "0.01"))
    assert lines == [
        "",
        "```mermaid",
        "pie",
        "    title What +$1.03 a run is made of",
        '    "another number of calls, or other calls: +$0.40" : 0.4',
        '    "another system prompt: +$0.30" : 0.3',
        '    "another use of the prompt cache: +$0.20" : 0.2',
        '    "another length of the output: +$0.10" : 0.1',
        '    "2 smaller causes: +$0.03" : 0.03',
        "```",
    ]
    less = causes_chart(moved("-0.40", "-0.30", "-0.20", "-0.05"))
    assert '    "another number of calls, or other calls: -$0.40" : 0.4' in less


def test_a_chart_stands_in_the_fold_of_the_tests_and_in_the_summary() -> None:
    document = moved("0.40", "0.30", "0.20", "0.10")
    folded = comment(document).partition("<details><summary>Test by test")[2].partition("</details>")[0]
    assert folded.count("```mermaid") == 1 == comment(document).count("```mermaid")
    assert folded.index("```mermaid") < folded.index("| Test |")
    assert "title What +$1.00 a run is made of" in summary(document)


def test_where_the_table_says_as_much_there_is_no_chart() -> None:
    """Three causes; a fourth that is too small; two ways; what is not known; parts that are not the whole; nothing to compare."""
    assert [] == causes_chart(moved("0.40", "0.30", "0.20"))
    assert [] == causes_chart(moved("0.40", "0.30", "0.20", "0.04"))
    assert [] == causes_chart(moved("0.40", "0.30", "0.20", "0.10", "-0.01"))
    four = ("0.40", "0.30", "0.20", "0.10")
    unknown = moved(*four)
    unknown["comparison"]["at_least"] = True
    parts = moved(*four)
    parts["comparison"]["owners"][0]["causes"].pop()
    other = moved(*four)
    other["comparison"].update(change="2", after="3.50")
    assert [[]] * 3 == [causes_chart(each) for each in (unknown, parts, other)]
    assert [] == causes_chart(Report(owners=[], baseline=None).document())


def test_mermaid_draws_every_chart_and_nothing_that_somebody_called_a_thing() -> None:
    """The pie has a slice for each part of a hundredth or more; bars have their labels."""
    kinds = (HOSTILE, "calls", f"x{HOSTILE}", "cache")
    costs = [Cost(totals=Totals(cost=Decimal(each)), by_feature={}, owners=1) for each in ("0.10", "0.25")]
    points = [
        Point(commit=commit, at="2026-10-01T12:00:00+00:00", subject=HOSTILE, cost=cost)
        for commit, cost in zip(("a1b2c3d", '0"]1;2'), costs, strict=True)
    ]
    document = moved("0.40", "0.30", "0.20", "0.10", kinds=kinds)
    history = history_section(points, "claude-budget.lock.json", packaged_rates()).split("\n")
    charts = [mermaid(causes_chart(document)), mermaid(chart(document)), mermaid(history)]
    command = [str(NODE), str(Path(__file__).with_name("draw.mjs")), str(MODULES), chromium()]
    ran = subprocess.run(command, input=json.dumps(charts), capture_output=True, text=True, check=False)
    assert (0, "") == (ran.returncode, ran.stderr)
    seen = json.loads(ran.stdout)
    assert [] == seen["troubles"]
    pie, features, versions = seen["drawn"]
    assert [0, 0, 0] == [each["strange"] for each in seen["drawn"]]
    assert (4, ["40%", "30%", "20%", "10%"]) == (pie["slices"], pie["words"][:4])
    assert "What +$1.00 a run is made of" in pie["words"]
    assert "another use of the prompt cache: +$0.10" in pie["words"]
    assert "1 init theme x text img src x onerror aler: +$0.40" in pie["words"]
    assert {"a1b2c3d", "012"} <= set(versions["words"])
    assert {"1 init theme x text", "2 search init theme"} <= set(features["words"])
