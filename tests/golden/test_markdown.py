"""A comment and a summary for each scene, as kept beside this file."""

import json
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from pytest_claude_budget.compare.result import percent
from pytest_claude_budget.render.comment import COMMENT_BYTES, SUMMARY_BYTES, comment, summary
from pytest_claude_budget.render.markdown_text import visual_lines
from tests.golden.scenes import SCENES, document

EXPECTED = Path(__file__).parent / "markdown"
SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
IN_FULL = ("over", "first-run", "no-change")
"""Scenes whose summary is kept too."""


@pytest.fixture
def expect(request: pytest.FixtureRequest) -> "Expect":
    return Expect(update=request.config.getoption("--update"))


class Expect:
    """Compares with a file, or writes it."""

    def __init__(self, *, update: bool) -> None:
        self._update = update

    def __call__(self, name: str, page: str) -> None:
        path = EXPECTED / name
        if self._update:
            path.write_text(page, encoding="utf-8")
        assert path.read_text(encoding="utf-8") == page, "if this is meant: pytest tests/golden --update"


@pytest.mark.parametrize("name", SCENES)
def test_the_comment_is_the_one_that_was_looked_at(name: str, expect: Expect) -> None:
    expect(f"{name}.md", comment(document(name)))


@pytest.mark.parametrize("name", IN_FULL)
def test_the_summary_is_the_one_that_was_looked_at(name: str, expect: Expect) -> None:
    expect(f"{name}.summary.md", summary(document(name)))


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_a_report_as_the_schema_has_it(name: str) -> None:
    report = document(name)
    for rows in (report["by_owner"], (report["comparison"] or {"owners": []})["owners"]):
        del rows[100:]  # the others are alike, and take seconds
    jsonschema.validate(report, SCHEMA)


@pytest.mark.parametrize("name", sorted(set(SCENES) - {"hostile"}))
def test_the_figures_of_a_scene_agree_with_one_another(name: str) -> None:
    """What is over a limit is what the tables say, in one budget file: a reader adds it up."""
    report = document(name)
    verdict, compared = report["verdict"], report["comparison"]
    rows = {row["owner"]: row for row in report["by_owner"]}
    for limit in (*verdict["breaches"], *verdict["warnings"], *verdict["known"]):
        of, at = limit["name"], (limit["scope"], limit["measure"])
        assert limit["where"].startswith("claude-budget.yml:")
        if at == ("run", "max_increase"):
            assert limit["value"] == f"{compared['change_percent']}%"
        elif limit["measure"] == "max_increase":
            (row,) = [
                each
                for each in (*compared["owners"], *compared["by_feature"])
                if of in (each.get("owner"), each.get("feature"))
            ]
            assert limit["value"] == f"{percent(Decimal(row['change']), Decimal(row['before']))}%"
        else:
            months = [Decimal(row["after"]) for row in report["projection"] if row["scenario"] == of]
            cost = {"run": report["totals"], "test": rows.get(of)}.get(limit["scope"]) or {"cost": sum(months)}
            assert Decimal(limit["value"]) == Decimal(cost["cost"])


@pytest.mark.parametrize("name", sorted(set(SCENES) - {"hostile"}))
def test_a_scene_has_what_is_not_priced_in_the_row_of_its_own_model(name: str) -> None:
    """As a run has it: the row of another model is known in full."""
    report = document(name)
    unpriced = {row["model"] for row in report["unpriced"]}
    assert {row["model"] for row in report["by_model"] if row["at_least"]} == unpriced


@pytest.mark.parametrize("name", SCENES)
def test_every_page_is_below_its_bound(name: str) -> None:
    assert len(comment(document(name)).encode()) <= COMMENT_BYTES
    assert len(summary(document(name)).encode()) <= SUMMARY_BYTES


@pytest.mark.parametrize("name", SCENES)
def test_a_comment_is_read_in_seconds_whatever_changed(name: str) -> None:
    """25 lines at the width of GitHub's column, and one of each limit, but for what is folded away."""
    assert visual_lines(comment(document(name))) <= 25


def test_no_expected_document_is_left_over() -> None:
    known = {f"{name}.md" for name in SCENES} | {f"{name}.summary.md" for name in IN_FULL}
    assert known == {path.name for path in EXPECTED.iterdir()}
