"""How to mend what became dearer, as far as its cause is known."""

from decimal import Decimal

import pytest

from pytest_claude_budget.render.comment import comment
from pytest_claude_budget.render.remedies import Dearer, remedies
from tests.golden.scenes import document

CACHE = "cache reads 5,000 → 0: "


def words(causes: list[Dearer]) -> list[str]:
    return [step.words for step in remedies(causes)]


@pytest.mark.parametrize(
    ("kind", "text", "step"),
    [
        ("calls", "makes 3 calls (was 1)", "leave out the calls that were added"),
        ("calls", "makes 2 calls (was 1): it asks the same thing again, as retries do", "find what asks the same thing again"),
        ("system", "system prompt +1,300 tokens", "shorten the system prompt"),
        ("tools", "tools +40 tokens", "send fewer or shorter tools"),
        ("messages", "messages +40 tokens", "send shorter messages"),
        ("parameters", "parameters +4 tokens", "take back the parameters that changed"),
        ("input", "input +60,000 tokens", "send a shorter prompt"),
        ("output", "output 812 → 1,871 tokens a call", "ask for shorter answers"),
        ("web_search", "web searches 1 → 3", "search the web less often"),
        ("model", "model claude-haiku-4-5 → claude-opus-4-7", "go back to claude-haiku-4-5"),
        ("model", "model a-1 → a-2, which counts the same text as +40 tokens", "go back to a-1"),
        ("service_tier", "priced as standard (was batch)", "see why it is priced as standard and no longer as batch"),
        ("cache", f"{CACHE}a cache breakpoint was removed", "put cache_control back where it was removed"),
        ("cache", f"{CACHE}a cache breakpoint was added", "take out the added cache_control where no later call reads it"),
        ("cache", f"{CACHE}its time to live 1h → 5m", "set the time to live of the cache back"),
        ("cache", f"{CACHE}the tools block changed", "leave the tools as they were, for the cache begins with them"),
        ("cache", f"{CACHE}the parameters changed", "leave the parameters as they were, for the cache depends on them"),
        ("cache", f"{CACHE}the system prompt changed", "leave the cached part of the system prompt as it was"),
        ("cache", f"{CACHE}block 2 of the system prompt changed", "leave the cached part of the system prompt as it was"),
        (
            "cache",
            f"{CACHE}block 1 of the system prompt changed, before the cached block 2: put what changes after block 2",
            "put what changes after the cached block",
        ),
        (
            "cache",
            f"{CACHE}a system block of 412 bytes was put before the cached block: put it after it",
            "put the new block after the cached block",
        ),
        ("new", "test", "make the new test cheaper"),
    ],
)  # fmt: skip
def test_a_cause_has_the_step_that_takes_it_back(kind: str, text: str, step: str) -> None:
    assert [step] == words([Dearer(kind=kind, amount=Decimal("0.01"), text=text)])


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("calls", "asks other things in 2 calls"),
        ("calls", "makes 1 call (was 2)"),
        ("system", "system prompt -40 tokens"),
        ("system", "system prompt changed"),
        ("output", "output 9 → 8 tokens"),
        ("output", "long"),
        ("model", "another model"),
        ("cache", f"{CACHE}the request is the same, so other calls wrote or found the cache"),
        ("cache", "other shares of the cache"),
        ("service_tier", "priced otherwise"),
        ("compaction", "compaction added"),
        ("new", "outside"),
        ("attempts", "2 failed tries (was 0): each is waited for"),
    ],
)
def test_what_is_not_known_to_help_is_not_said(kind: str, text: str) -> None:
    """Other questions may cost what they must, and a cache that other calls fill is theirs to mend."""
    assert [] == remedies([Dearer(kind=kind, amount=Decimal("0.01"), text=text)])


def test_the_steps_that_account_for_most_are_said() -> None:
    """Two tests with $0.02 and $0.02 of calls are more than $0.03; $0.004 is less than a twentieth of $0.104.

    A fifth step is not said, though it accounts for as much as the fourth.
    """
    causes = [
        ("calls", "0.02", "makes 2 calls (was 1)"),
        ("system", "0.03", "system prompt +9 tokens"),
        ("calls", "0.02", "makes 3 calls (was 1)"),
        ("output", "0.02", "output 1 → 2 tokens"),
        ("web_search", "0.01", "web searches 1 → 2"),
        ("parameters", "0.01", "parameters +9 tokens"),
        ("messages", "0.004", "messages +9 tokens"),
        ("tools", "-0.01", "tools +9 tokens"),
    ]
    said = words([Dearer(kind=kind, amount=Decimal(amount), text=text) for kind, amount, text in causes])
    first = ["leave out the calls that were added", "shorten the system prompt", "ask for shorter answers"]
    assert said == [*first, "search the web less often"]


def test_steps_stand_in_the_order_of_what_moved() -> None:
    """Twelve drafts moved by $0.0075 each, $0.09 in all, most of it the system prompt; thirty tickets by $0.078, all of it the model.

    So the first thing to do is against what is told first, though the model accounts for more than the prompt's $0.0756.
    """
    causes = [
        *(Dearer(kind="model", amount=Decimal("0.0026"), text="model a → b", owner=f"ticket {n}") for n in range(30)),
        *(
            Dearer(
                kind="cache",
                amount=Decimal("0.0012"),
                text=f"{CACHE}a cache breakpoint was removed",
                owner=f"draft {n}",
            )
            for n in range(12)
        ),
        *(
            Dearer(kind="system", amount=Decimal("0.0063"), text="system prompt +2,000 tokens", owner=f"draft {n}")
            for n in range(12)
        ),
    ]
    assert words(causes) == ["shorten the system prompt", "go back to a", "put cache_control back where it was removed"]


def down(name: str) -> list[str]:
    return [line for line in comment(document(name)).splitlines() if line.startswith("**To bring it down:**")]


def test_the_comment_says_how_to_mend_what_is_over_a_limit() -> None:
    """Calls $0.0175, the new test $0.0025, the cache $0.00234; the prompt, $0.00016, is less than a twentieth of $0.0225.

    Without the calls the run costs 0.0638, which is 8.5% more than 0.0588 and within +15%: the first step is enough. Within +1% all three
    are not, for nobody knows what the new test would cost.
    """
    (line,) = down("over")
    steps = (
        "leave out the calls that were added ($0.0175 in `test_refund`)",
        "make the new test cheaper ($0.0025 in `test_escalate`)",
        "leave the cached part of the system prompt as it was ($0.00234 in `test_triage[german]`)",
    )
    assert line == f"**To bring it down:** {steps[0]}. Done in full, that brings it within all limits."
    report = document("over")
    report["verdict"]["breaches"][0]["maximum"] = "1%"
    assert f"\n**To bring it down:** {'; '.join(steps)}. {UNSURE}\n" in comment(report)
    (model,) = down("many")
    many = "go back to `claude-haiku-4-5` ($22.50 in 5,000 tests)"
    assert model == f"**To bring it down:** {many}. Done in full, that brings it within all limits."


def test_whether_the_steps_are_enough_is_said_where_it_is_known() -> None:
    """Without its calls the run costs 0.0813 - 0.0175 = 0.0638, 8.5% more than 0.0588; nothing is done about the new test.

    Where a test is over its limit that no step is about, they are not.
    """
    report = document("over")
    (run, _) = report["verdict"]["breaches"]
    for maximum, enough in (("8.6%", "Done in full, that brings it within all limits."), ("8.5%", UNSURE)):
        run["maximum"] = maximum
        assert comment(report).count(f". {enough}\n") == 1
    run.update(measure="max_cost", value="0.0813", maximum="0.0638")
    assert ". Done in full, that brings it within all limits.\n" in comment(report)
    run.update(maximum="0.0637")
    assert f". {UNSURE}\n" in comment(report)
    report["verdict"]["breaches"] = [{**run, "scope": "test", "name": "tests/test_search.py::test_answer_5"}, run]
    assert ". That alone is not enough.\n" in comment(report)
    report["verdict"]["breaches"] = [{**run, "measure": "max_calls", "value": 11, "maximum": 8}]
    assert f". {UNSURE}\n" in comment(report)


UNSURE = "Whether that is enough, the next run shows."


def test_steps_that_are_enough_for_the_run_alone_are_said_to_be() -> None:
    """0.0638 is 8.5% more than 0.0588, within 8.6%; what a month of a feature costs then, nobody has worked out.

    Within 8.5% the run itself is not known to be within its limit.
    """
    report = document("over")
    run, test = report["verdict"]["breaches"]
    month = {
        **test,
        "scope": "projection",
        "measure": "max_monthly_cost",
        "name": "average",
        "value": "770",
        "maximum": "500",
    }
    report["verdict"]["breaches"] = [run, month]
    enough = "Done in full, that is enough for the run's cost; the next run shows the rest."
    for maximum, said in (("8.6%", enough), ("1%", UNSURE)):
        run["maximum"] = maximum
        assert comment(report).count(f" {said}\n") == 1


def test_what_drew_less_than_expected_does_not_make_a_step_enough() -> None:
    """A limit is not held against chance: a test that drew $0.01 less by it helps nobody, and 0.0638 + 0.01 is 25% more than 0.0588."""
    report = document("over")
    run = report["verdict"]["breaches"][0]
    row = report["comparison"]["owners"][-1]
    row["judged"] = str(Decimal(row["change"]) + Decimal("0.01"))
    for maximum, said in (("25.6%", "Done in full, that brings it within all limits."), ("25.5%", UNSURE)):
        run["maximum"] = maximum
        assert comment(report).count(f" {said}\n") == 1


def test_nobody_knows_what_is_enough_where_calls_were_refused() -> None:
    """They are not in the cost."""
    report = document("over")
    report["verdict"]["capped"] = ["the cap of $5.00 refused calls of 3 tests"]
    assert comment(report).count(f". {UNSURE}\n") == 1


def test_a_cause_of_several_parts_is_not_taken_back_by_the_step_against_its_largest() -> None:
    report = document("over")
    (row,) = [each for each in report["comparison"]["owners"] if each["owner"].endswith("::test_refund")]
    row["causes"][0].update(text="makes 3 calls (was 1); and 1 other", first="makes 3 calls (was 1)")
    assert f". {UNSURE}\n" in comment(report)


@pytest.mark.parametrize("name", ["up", "warned", "accepted", "known", "noise", "incomplete", "first-run"])
def test_nobody_is_asked_to_mend_what_is_let_pass(name: str) -> None:
    assert [] == down(name)


def test_where_only_a_test_is_over_its_limit_the_steps_are_that_test_s() -> None:
    """The longer prompt and the new test are of others."""
    report = document("over")
    report["verdict"]["breaches"] = [each for each in report["verdict"]["breaches"] if each["scope"] == "test"]
    step = "leave out the calls that were added ($0.0175 in `test_refund`)"
    assert f"\n**To bring it down:** {step}. Done in full, that brings it within all limits.\n" in comment(report)
