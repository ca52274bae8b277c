"""Could this run become the baseline? Whatever advises an update asks here, and so does the update itself."""

from collections.abc import Iterator
from dataclasses import replace

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.budget.exempt import KEY
from pytest_claude_budget.judge.increases import INCREASES
from pytest_claude_budget.judge.report import CostReport


@value_class(frozen=True, kw_only=True, slots=True)
class Obstacle:
    """Why a run cannot become the baseline as it is."""

    reason: str
    step: str
    """What to do first."""


_ENDED = {
    "failed": Obstacle(reason="a test failed", step="let the tests pass"),
    "interrupted": Obstacle(reason="the run was interrupted", step="run the whole suite again"),
}
_NO_TEST = Obstacle(reason="no test ran", step="let a test run")
_FAULTY = Obstacle(
    reason="measuring itself failed, so that calls may be missing", step="see to what kept the cost from being measured"
)
_CAPPED = Obstacle(
    reason="calls were refused by a cap, and are not in the cost", step="give the cap room for all calls"
)
_UNKNOWN = Obstacle(
    reason="the cost is not known in full; if this is on purpose, write on_incomplete: warn in the budget file, or "
    f"{KEY} for the test",
    step="see to what is not known",
)


def obstacles(report: CostReport) -> Iterator[Obstacle]:
    """All that an update would be refused for, but for limits that are exceeded."""
    facts = report.facts
    if facts.run.outcome in _ENDED:
        yield _named(_ENDED[facts.run.outcome], report)
    if not facts.run.selection.ran and not any(owner.kind == "test" for owner in report.record.owners.values()):
        yield _NO_TEST
    if facts.capped:
        yield _CAPPED
    if facts.faults:
        yield _FAULTY
    if not _is_tolerated(report) and any(_is_unknown(report)):
        yield _UNKNOWN


def _named(obstacle: Obstacle, report: CostReport) -> Obstacle:
    """A test that alone failed is told by its id."""
    failed = [*report.facts.run.selection.failed]
    if report.facts.run.outcome != "failed" or len(failed) != 1:
        return obstacle
    return replace(obstacle, step=f"make {failed[0]} pass")


def refusal(report: CostReport) -> str | None:
    """Why a run cannot become the baseline; None where it can. An increase is what an update accepts."""
    for obstacle in obstacles(report):
        return obstacle.reason
    over = any(breach.measure not in INCREASES for breach in report.verdict.breaches)
    return "a limit is exceeded, which no baseline can accept" if over else None


def steps_before(report: CostReport) -> list[str]:
    """What to do before an update would take this run; the limits that are exceeded stand in the verdict."""
    return [obstacle.step for obstacle in obstacles(report)]


def _is_tolerated(report: CostReport) -> bool:
    """Does the budget let answers pass whose cost is not known? They are marked in the lock file."""
    return report.facts.budget is not None and report.facts.budget.tolerates_unknown


def _is_unknown(report: CostReport) -> Iterator[bool]:
    """Of the verdict, and of each owner that nobody exempted. That the run did not end is an obstacle of its own."""
    verdict = report.verdict
    yield len(verdict.incomplete) > len(verdict.unfinished) + len(verdict.unknown_months)
    exempt = {row.owner for row in report.exempt}
    for row in report.sums.by_owner:
        yield row.totals.at_least and row.owner not in exempt
