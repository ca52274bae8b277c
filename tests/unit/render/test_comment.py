"""Names, limits and percents as a comment shows them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pytest_claude_budget.render.comment import JSON_REPORT, comment, summary
from pytest_claude_budget.render.comment_limits import limits, silence
from pytest_claude_budget.render.groups import kind_words
from pytest_claude_budget.render.markdown_text import (
    amount,
    amount_in,
    code,
    row,
    sentence,
    share,
    visible,
    visual_lines,
)
from pytest_claude_budget.render.phrases import place_of_limit
from tests.golden.documents import Document, Owner, Report, breach, month
from tests.golden.scenes import FEW, OVER, REFUND, document, steady


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("test_a", "`test_a`"),
        ("a`b", "``a`b``"),
        ("`a", "`` `a ``"),
        ("``", "``` `` ```"),
        (" a ", "`  a  `"),
        ("a\nb\x1b[0m\u202e\u3164", "`a\\nb\\x1b[0m\\u202e\\u3164`"),
        ("", "(no name)"),
    ],
)
def test_a_name_is_code_whose_fence_it_cannot_close(name: str, shown: str) -> None:
    assert shown == code(name)


def test_a_long_name_loses_its_middle() -> None:
    assert "aaaaa…zzzz" == visible("a" * 1_000_000 + "z" * 1_000_000, 10)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("makes 3 calls (was 1)", "makes 3 calls (was 1)"),
        ("system prompt +130 tokens", "system prompt +130 tokens"),
        ("model claude-haiku-4-5 → claude-opus-4-7", "model `claude-haiku-4-5` → `claude-opus-4-7`"),
        ("cache reads 5,000 → 0: the tools block changed", "cache reads 5,000 → 0: the tools block changed"),
        ("see tests/a.py::test_f(x), then", "see `tests/a.py::test_f(x)`, then"),
        ("ask @octo/team or #12, GH-1", "ask `@octo/team` or `#12`, `GH-1`"),
        ("commit deadbeef", "commit `deadbeef`"),
        ("1. first", "`1`. first"),
        ("- first", "`-` first"),
        ("costs $0.05, at most $1,200.50 (10%)", "costs $0.05, at most $1,200.50 (10%)"),
    ],
)
def test_a_sentence_keeps_its_words_and_shows_the_rest_as_code(text: str, shown: str) -> None:
    assert shown == sentence(text)


def test_a_pipe_ends_no_cell() -> None:
    assert "| `a\\|b` | `c\\¦d` |" == row(["`a|b`", "`c\\|d`"])


@pytest.mark.parametrize(
    ("percent", "limit", "shown"),
    [
        ("38.3", None, "+38%"),
        ("38.3", "15", "+38%"),
        ("15.3", "15", "+15.3%"),
        ("15.03", "15", "+15.03%"),
        ("7.46", None, "+7.5%"),
        ("5.12", None, "+5.1%"),
        ("0.01", None, "+0.01%"),
        ("-64.2", None, "-64%"),
        ("1234", None, "+1,234%"),
        ("321.449", None, "+321%"),
        ("12.5", "12.5", "+12.5%"),
        ("99.96", "100", "+99.96%"),
    ],
)
def test_a_percent_that_is_over_looks_over(percent: str, limit: str | None, shown: str) -> None:
    """Of 100, rounded once: 321.449 is no 321.5 that would become 322."""
    limits = [] if limit is None else [Decimal(limit)]
    assert shown == share(Decimal(percent), Decimal(100), *limits)


def test_a_report_whose_figures_contradict_each_other_still_gives_a_page() -> None:
    """A percentage of nothing, which no run writes."""
    report = document("up")
    for each in (report["comparison"], *report["comparison"]["owners"]):
        each.update(before="0", change_percent="40.0")
    assert "+$0.0025 per run (from $0.00)" in comment(report)


def test_a_comment_rounds_what_happened_and_not_what_was_rounded() -> None:
    """0.32145 of 0.1 is 321.45%, which is no 322%; of older reports the percentage itself stood on the page."""
    owner = replace(REFUND, before="0.1", after="0.42145", causes=[("calls", "0.32145", "makes 3 calls (was 1)")])
    page = comment(Report(owners=[owner]).document())
    assert "+$0.321 per run (+321%)" in page
    assert page.count("(+321%)") == 3


def test_an_amount_beyond_any_bill_stays_on_the_page() -> None:
    assert (Decimal("1e30"), Decimal("-1e-30")) == (amount("9" * 500), amount("-0." + "0" * 500 + "1"))


def test_nothing_changed_takes_two_lines() -> None:
    lines = [line for line in comment(document("no-change")).splitlines() if line]
    assert ["### Claude cost: unchanged at $0.0425 per run, within budget", lines[-1]] == lines


def test_a_run_that_is_hardly_over_its_budget_looks_over_in_every_line() -> None:
    """0.0425 + 0.0275 = 0.07, and the limit is 0.069999: 100.001% of it."""
    over = breach("run", "max_cost", "0.07", "0.069999", "claude-budget.yml:4: limits[0]: the run costs too much")
    page = comment(Report(owners=[*steady(), REFUND], budget="0.069999", outcome="over", breaches=[over]).document())
    assert "Run $0.0525 → $0.07 at list price · budget $0.069999 (100.001% used)" in page


def test_failed_tries_have_a_row_though_they_cost_nothing() -> None:
    """They are counted as changed, so they are shown."""
    tries = ("attempts", "0", "2 failed tries (was 0): each is waited for")
    owner = Owner(id="a.py::t", before="0.01", after="0.01", status="changed", causes=[tries])
    for page in (
        comment(Report(owners=[*steady(), owner]).document()),
        summary(Report(owners=[*steady(), owner]).document()),
    ):
        assert "| `t`<br>`a.py` | $0.01 | $0.01 | unchanged | 2 failed tries (was 0): each is waited for |" in page
        assert page.index("| `t`") < page.index("1 changed · ")


def test_a_run_without_a_test_says_so() -> None:
    assert "\nNo test ran.\n" in comment(Report(owners=[], narrowed="no test ran").document())
    assert "Only a part of the suite ran (`-k`)." in comment(Report(owners=[], narrowed="-k").document())


def test_accepting_is_offered_only_where_an_increase_fails() -> None:
    offered = {
        name
        for name in ("over", "up", "warned", "accepted", "known", "many", "noise", "incomplete")
        if "**To accept" in comment(document(name))
    }
    assert {"over", "many"} == offered


def test_the_summary_has_every_row_that_the_comment_leaves_out() -> None:
    short, long = comment(document("many")), summary(document("many"))
    assert "… and 4,800 more changed, in the job summary." in short
    assert all(f"[{number:04}]" in long for number in range(5000))


def test_what_did_not_run_is_no_saving() -> None:
    """0.0375 + 0.0125 + 0.02 = 0.07 of the baseline did not run; one test became 0.0025 dearer."""
    page = comment(document("not-run"))
    assert page.startswith("### Claude cost: +$0.0025 per run (+5.1%) to $0.0513, within budget")
    assert "which is no saving" in page
    assert "$0.07 of the baseline is left out" in page


def test_of_the_run_s_limits_the_one_in_dollars_is_named_first() -> None:
    """In the heading as in the list, whatever order they were found in; months come next, then the rest."""
    found = [
        ("feature", "max_cost"),
        ("projection", "max_monthly_cost"),
        ("run", "max_calls"),
        ("run", "max_increase"),
        ("run", "max_cost"),
    ]
    ordered = sorted(found, key=lambda limit: place_of_limit(*limit))
    assert ordered == [*found[4:1:-1], found[1], found[0]]
    report = document("many")
    report["verdict"]["breaches"].reverse()
    assert "over the limits of $20.00 a run and +15% a run" in comment(report).splitlines()[0]


def test_of_other_limits_the_farthest_exceeded_is_named_first() -> None:
    """As in the terminal. 1.2 and 3 times the limit, and from nothing."""
    report = document("many")
    near = breach("feature", "max_cost", "12", "10", "b.yml:3: a: near costs much")
    far = breach("feature", "max_cost", "30", "10", "b.yml:4: b: far costs much")
    new = {**breach("feature", "max_increase", "9%", "50%", "b.yml:5: c: new costs much"), "value": None}
    calls = {**near, "measure": "max_calls", "value": 5, "maximum": 2, "where": "b.yml:6", "path": "d", "name": "calls"}
    report["verdict"]["breaches"] = [near, calls, far, new]
    page = comment(report)
    assert "over the limit of +50% for feature `new` and 3 more limits" in page.splitlines()[0]
    listed = page.partition("**Over the limit:**")[2]
    assert sorted(("new", "far", "calls", "near"), key=lambda name: listed.index(f"`{name}`")) == [
        "new",
        "far",
        "calls",
        "near",
    ]


def test_the_change_is_said_with_its_limit_in_the_first_line() -> None:
    """0.0813 - 0.0588 = 0.0225, and 0.0225 / 0.0588 is 38.3%."""
    first = comment(OVER.document()).splitlines()[0]
    assert (
        "### Claude cost: +$0.0225 per run (+38%) to $0.0813, over the limits of +15% a run and +25% for `test_refund`"
        == first
    )


def test_a_name_in_the_table_leaves_room_for_the_causes() -> None:
    """In a comment's column a table scrolls sideways, and its last column is the one that says why."""
    long = Owner(id="tests/a.py::test_" + "long_" * 20, before="0.01", after="0.02", causes=[("calls", "0.01", "more")])
    lines = comment(Report(owners=[long]).document()).splitlines()
    assert "| Test | Before | After | Change | Cause |" in lines
    assert any(line.startswith("| `test_long_long_lon…g_long_long_long_`<br>") for line in lines if "$0.02" in line)


def test_a_cause_of_no_weight_is_only_counted() -> None:
    """0.00009 is less than a hundredth of 0.01; a failed try costs time, and is said at any price."""
    causes = [
        ("calls", "0.00991", "makes 2 calls"),
        ("cache", "0.00009", "cache writes"),
        ("attempts", "0", "1 failed"),
    ]
    page = comment(Report(owners=[Owner(id="t.py::t", before="0.01", after="0.02", causes=causes)]).document())
    assert "| +$0.00991: makes 2 calls<br>$0.00: 1 failed<br>and 1 smaller cause |" in page


def test_the_same_cause_is_said_once_though_one_test_has_it_twice() -> None:
    """0.01 + 0.02 = 0.03."""
    owners = [
        Owner(id=f"t.py::{name}", before="0.01", after=after, causes=[("cache", change, "cache reads 9 → 0")])
        for name, after, change in (("one", "0.02", "0.01"), ("two", "0.03", "0.02"))
    ]
    report = Report(owners=owners).document()
    twice = report["comparison"]["owners"][0]["causes"][0]
    twice.update(first=twice["text"], text=f"{twice['text']} (and 1 more)", more=["cache reads 7 → 0"])
    assert "| +$0.03 (+150%) | 2 tests: **cache reads 9 → 0** |" in comment(report).splitlines()


def test_a_fixed_limit_is_raised_before_an_increase_is_accepted() -> None:
    """No baseline takes a run that is over a fixed limit: the update would be refused. $32.4975 is not above $32.50."""
    assert steps_to_accept("many") == [
        "1. raise `claude-budget.yml:4` from 20.00 to `max_cost: 32.50`",
        "2. run `pytest --claude-budget-update`: the limit on an increase then passes (line 12)",
        "3. commit `claude-budget.yml` and `claude-budget.lock.json`",
    ]


def test_each_limit_that_is_to_be_raised_says_to_what_and_the_rest_is_left_to_the_update() -> None:
    """Nine limits: $0.17719, $0.007, $327.50 and $786.00 stay too much, and five are increases."""
    assert steps_to_accept("busy") == [
        "1. raise 4 limits in `claude-budget.yml`: line 4 from 0.15 to `max_cost: 0.178`, line 6 from 0.006 to `max_cost: 0.007`, "
        "line 30 from 310.00 to `average: 327.50` and line 31 from 750.00 to `heavy: 786.00`",
        "2. run `pytest --claude-budget-update`: 5 limits on increases then pass (lines 12, 13, 20, 21 and 22)",
        "3. commit `claude-budget.yml` and `claude-budget.lock.json`",
    ]


def steps_to_accept(scene: str) -> list[str]:
    """The numbered lines below `To accept all of this`."""
    page = comment(document(scene))
    return page.partition("**To accept** all of this:\n\n")[2].partition("\n\n")[0].splitlines()


def test_what_is_done_first_is_a_step_of_its_own() -> None:
    """A test failed, and the run is over a limit that no baseline can accept; with `busy` the increases are too."""
    report = {**document("busy"), "before_update": ["make t.py::t pass"]}
    assert "\n1. make `t.py::t` pass\n2. raise 4 limits" in comment(report)


def test_what_to_do_stands_before_the_details_of_each_limit() -> None:
    """On a telephone a list of limits fills a screen, and their lines and values are in the steps."""
    page = comment(document("busy"))
    order = ("### ", "| Change | Why |", "**To bring it down:**", "**To accept**", "**Over the limit:**", "<details>")
    assert sorted(order, key=page.index) == list(order)


def test_the_models_of_a_run_with_a_failed_test_are_known_at_least() -> None:
    """Which model the test would have asked nobody knows: each row may lack its answers, also where the run stopped."""
    for name, spent in (("failed", "$0.00"), ("capped", "$0.0088")):
        assert f"| `claude-haiku-4-5` | 1 | at least $0.0088 | {spent} |" in comment(document(name))
    assert "| `claude-sonnet-4-6` | 5 | at least $0.0351 | $0.00 |" in comment(document("stopped"))
    report = document("failed")
    report["run"]["failed"] = [FEW[0].id]
    page = summary(report)
    assert "| at least $0.0088<br>1 call | `test_triage[german]`<br>`tests/test_triage.py:12` |" in page
    assert "| $0.0074<br>1 call | `test_answer_5`<br>`tests/test_search.py:58` |" in page


def test_a_run_that_its_cap_ended_says_how_it_passes() -> None:
    """And of no update, which would be refused."""
    page = comment(document("capped"))
    first = "the cap of $0.06 refused calls of 1 test; not known in full (`test_refund`)"
    assert page.startswith(f"### Claude cost: {first}; all else costs $0.0025 more per run\n")
    assert (
        "**To pass:** raise `hard_cap` (or `--claude-budget-cap`, where that is given), or make the refused calls"
        in page
    )
    assert "pytest --claude-budget-update" not in page
    report = document("capped")
    report["verdict"]["capped"] = ["the limit max_calls 1 for each test refused calls of 1 test"]
    limit = "raise the limit with `enforce: true` that refused them"
    assert f"**To pass:** {limit}, or make" in comment(report)
    report["verdict"]["capped"].append("the cap of $0.06 refused calls of 1 test")
    assert f"where that is given) and {limit.removeprefix('raise ')}, or make" in comment(report)


def test_a_budget_beside_nothing_that_is_known_is_left_out() -> None:
    assert "budget $" not in comment(document("uncollected"))


def test_what_only_a_higher_limit_lets_pass_is_not_sent_to_an_update() -> None:
    report = document("busy")
    report["verdict"]["breaches"] = report["verdict"]["breaches"][:1]
    words = "or raise `claude-budget.yml:4` from 0.15 to `max_cost: 0.178` and commit that."
    assert f"**To pass:** make the calls cheaper, {words}" in comment(report)


def test_one_limit_of_several_months_names_none_of_them() -> None:
    report, of = document("busy"), {"scope": "projection", "measure": "max_monthly_increase", "maximum": "5%"}
    first = {**report["verdict"]["breaches"][0], **of, "value": "9.2%", "path": "projection"}
    names = ("average", "heavy")
    report["verdict"]["breaches"] = [
        {**first, "name": name, "limit": f"max_monthly_increase 5% for a month, {name}"} for name in names
    ]
    assert "- 2 months are over `max_monthly_increase 5% for a month` (`claude-budget.yml:4`), the farthest" in comment(
        report
    )


def test_a_change_in_many_tests_is_a_row_for_each_cause() -> None:
    """24 * 0.002 = 0.048 on 24 * 0.001 is 200%; every test is in the fold."""
    page = comment(document("busy"))
    shown = page[: page.index("<details>")]
    over = "over the limit of +25%"
    assert f"| +$0.0075 (+100%) | 5 tests: **each makes 2 calls (was 1)**; {over} |" in shown
    assert f"| +$0.048 (+200%) | 24 tests: **model `claude-haiku-4-5` → `claude-sonnet-4-6`**; {over} |" in shown
    each = "- 10 tests are over `max_cost 0.006 for each test` (`claude-budget.yml:6`), the farthest `test_system_10`: $0.007"
    assert each in summary(document("busy"))
    assert all(f"`test_model_{number}`" in page[len(shown) :] for number in range(24))


def test_what_is_to_be_raised_by_hand_is_listed_before_what_an_update_accepts() -> None:
    """Of nine limits the advice names lines 4, 30, 31 and 6; the others are increases, and have no room."""
    bullets = [line for line in limits(document("busy"), 4, "") if line.startswith("- ")]
    listed = bullets[:-1]
    assert all(any(f"(`claude-budget.yml:{line}`)" in each for each in listed) for line in (4, 30, 31, 6))
    assert bullets[-1] == "- … and 5 more (lines 12, 13, 20, 21 and 22 of `claude-budget.yml`)."
    alone = limits(document("busy"), 4, f", in {JSON_REPORT}")
    assert alone[-1].endswith("of `claude-budget.yml`), in the JSON report (`--claude-budget-report=json:PATH`).")


def test_what_shares_a_row_says_what_it_is_and_which_limits_it_is_over() -> None:
    """Ten tests with a longer prompt are over $0.006 a test: the limit has to stand in their row, whoever shares it.

    Three new ones of 0.002, ten of 0.0055 in all and six of 0.0027 are 0.0142 dearer, two are 0.00001 cheaper.
    """
    shown = comment(document("busy")).partition("<details>")[0]
    (row_,) = [line for line in shown.splitlines() if "further change" in line]
    assert "a longer system prompt, another use of the prompt cache and another length of the output; " in row_
    assert row_.endswith("; 19 dearer (+$0.0142), 2 cheaper (-$0.00001); 10 of them over the limit of $0.006 a test |")


def test_what_moved_beside_the_largest_cause_is_named_since_a_step_against_it_may_be_advised() -> None:
    """Twice 0.01 of the cache, once 0.004 and twice 0.003 or 0.002: $0.02 + $0.004 + $0.005 = $0.029."""
    reads, prompt = "cache reads 2,264 → 0: the tools block changed", "system prompt +9 tokens"
    causes = [("cache", "0.01", reads), ("calls", "0.004", "makes 4 calls (was 2)"), ("system", "0.003", prompt)]
    one = Owner(id="t.py::one", before="0.01", after="0.027", causes=causes)
    other = Owner(
        id="t.py::two", before="0.01", after="0.022", causes=[causes[0], ("system", "0.002", "system prompt +6 tokens")]
    )
    page = comment(Report(owners=[one, other]).document())
    calls = "makes 4 calls (was 2), in 1 of them"
    assert f"| 2 tests: **{reads}**; also a longer system prompt; {calls} |" in page
    assert f"| `one`: **{reads}**; also makes 4 calls (was 2); {prompt} |" in comment(Report(owners=[one]).document())


@pytest.mark.parametrize(
    ("kind", "texts", "said"),
    [
        ("calls", ["makes 2 calls (was 1)", "makes 4 calls (was 2)"], "more calls"),
        ("calls", ["makes 2 calls (was 1)", "makes 1 call (was 2)"], "another number of calls, or other calls"),
        ("output", ["output 8 → 9 tokens", "output 9 → 8 tokens"], "another length of the output"),
        ("system", ["system prompt +9 tokens", "system prompt +9 tokens"], "system prompt +9 tokens"),
        ("compaction", ["a", "b"], "compaction"),
    ],
)
def test_causes_of_one_kind_have_a_word_that_is_true_of_each(kind: str, texts: list[str], said: str) -> None:
    assert said == kind_words(kind, texts)


def test_what_the_runner_repeated_is_told_apart_from_what_is_compared() -> None:
    """0.0063 + 0.0425 = 0.0488 before, 0.0513 now; with a test that a benchmark repeated, 0.09 in all."""
    report = document("up")
    page = comment({**report, "totals": {**report["totals"], "cost": "0.09"}})
    assert "Run $0.0488 → $0.0513, $0.09 in all at list price" in page


def test_a_report_cannot_fill_a_page_with_what_comes_before_an_update() -> None:
    """A stranger's may say anything: five steps at most, each of them short."""
    report = {**document("silent"), "before_update": ["let <b>it</b> pass " * 50] * 1000}
    page = comment(report)
    assert page.count("then") == 5
    assert "<b>" not in page.replace("`<b>it</b>`", "")
    assert len(page) < 3000


def test_nothing_advises_an_update_that_would_be_refused() -> None:
    """A test failed: the lock file is written only once it passes."""
    page = comment(document("failed"))
    known = "not known in full (`test_refund` failed); all else costs $0.0025 more per run; no limit is exceeded so far"
    assert page.startswith(f"### Claude cost: {known}\n")
    assert "| not known | `test_refund`: the test failed |" in page
    then = "Then, if you like, run `pytest --claude-budget-update` and commit `claude-budget.lock.json`, so that the next change is compared"
    make = "**To know the cost in full:** make `tests/test_support.py::test_refund` pass."
    assert f"\n{make} {then} with that run; the check passes without.\n" in page
    assert page.count("-update`") == 1
    assert "-$" not in page
    assert "(-" not in page


def test_a_change_is_a_lower_bound_only_where_nothing_unknown_may_have_become_cheaper() -> None:
    """A test was $0.01 and failed at $0.002, which may be all: +$0.0025 of another test is no lower bound. At $0.012 it is."""
    report = document("failed")
    (row_,) = [each for each in report["comparison"]["owners"] if each["not_known"]]
    assert "(`test_refund` failed); all else costs $0.0025 more per run;" in first_line(report)
    row_.update(after="0.012", change="0.002")
    report["comparison"].update(change="0.0045")
    assert first_line(report).startswith(
        "### Claude cost: at least +$0.0045 per run, not known in full (`test_refund` failed);"
    )


def test_answers_of_unknown_cost_stand_beside_what_is_known_and_not_as_if_nothing_changed() -> None:
    """0.01 + 0.0425 = 0.0525, before and now; the second call of `test_refund` has no rates."""
    page = comment(document("incomplete"))
    plus = "$0.0525 per run plus 1 answer of unknown cost (was $0.0525)"
    assert page.startswith(f"### Claude cost: not known in full, {plus}; the check fails\n")
    assert page.partition("<details>")[0].count("no rates for model") == 1 == page.count("per run")
    assert "**To pass:** give `claude-nova-1` a rate in the budget" in page
    assert "`on_incomplete: warn`" in page


@pytest.mark.parametrize("name", ["incomplete", "stopped", "uncollected"])
def test_what_the_check_does_is_said_of_what_is_not_known(name: str) -> None:
    """It fails, unless the action's `fail-on` lets it pass; of a run elsewhere nobody knows what that was."""
    report = document(name)
    assert first_line(report).endswith("; the check fails")
    assert first_line({**report, "fails": True}).endswith("; the check fails")
    assert first_line({**report, "fails": False}).endswith("; `fail-on` lets it pass")
    assert not first_line({**report, "fails": None}).endswith(("pass", "fails"))


@pytest.mark.parametrize(("name", "as_far"), [("failed", "so far"), ("exempt", "by what is known")])
def test_of_what_is_not_known_nobody_says_that_it_passes(name: str, as_far: str) -> None:
    """No limit is exceeded by the rest; a limit that is close or was exceeded before is let pass as far as that."""
    report = document(name)
    assert first_line(report).endswith(f"; no limit is exceeded {as_far}")
    assert first_line({**report, "budget": None}).endswith(f"; no limit is exceeded {as_far}")
    report["verdict"].update(outcome="warned", warnings=document("warned")["verdict"]["warnings"])
    assert first_line(report).endswith(f", close to a limit; the budget lets the cost pass {as_far}")
    report["verdict"].update(outcome="unjudged", warnings=[])
    assert not first_line(report).endswith(as_far)


def test_what_makes_the_cost_known_is_said_whatever_it_is_compared_with() -> None:
    report = document("failed")
    report["comparison"]["baseline"] = {"source": "git:main", "kind": "git", "commit": "5f9d731"}
    assert "\n**To know the cost in full:** make `tests/test_support.py::test_refund` pass.\n" in comment(report)
    assert "To know the cost in full" not in comment(document("stopped"))


@pytest.mark.parametrize("name", ["stopped", "uncollected"])
def test_a_run_that_did_not_come_to_its_end_says_what_to_do(name: str) -> None:
    assert "**To pass:** see to what stopped the run, and run the whole suite again." in comment(document(name))


def test_a_known_part_of_the_cost_is_a_sentence_of_its_own() -> None:
    """The heading has the amount."""
    assert "\nCosts are at list price · budget $0.10" in comment(document("incomplete"))


def test_what_the_check_does_is_said_where_it_is_known() -> None:
    assert first_line({**document("over"), "fails": False}).endswith("for `test_refund`; `fail-on` lets it pass")
    for name in ("warned", "known"):
        assert first_line(document(name)).endswith("; the budget lets the cost pass")


def test_tests_that_made_no_call_are_first_and_beside_no_figure_that_fell() -> None:
    """What they cost before stands behind each of their names."""
    said = "3 tests no longer call Claude; all else is unchanged at $0.0425 per run; no limit is exceeded"
    assert first_line(document("silent")) == f"### Claude cost: {said}"
    assert "`test_refund` (was $0.01), `test_greeting` (was $0.004), `test_reply` (was $0.004)" in comment(
        document("silent")
    )


def test_limits_that_have_no_line_of_their_own_are_named_by_theirs() -> None:
    """Nine limits, one a line of the budget file, those that are exceeded least left out; a second file has one too."""
    report = document("busy")
    for most, left in ((7, "13 and 21"), (5, "13, 20, 21 and 22")):
        told = limits(report, most, ", in the job summary")
        assert told[-1] == f"- … and {9 - most} more (lines {left} of `claude-budget.yml`), in the job summary."
    none = limits(report, 0, ", in the job summary")
    lines = "lines 4, 6, 12, 13, 20, 21, 22, 30 and 31 of `claude-budget.yml`"
    assert none == ["", f"**Over the limit:** 9 limits ({lines})."]
    for each in report["verdict"]["breaches"]:
        if each["where"] == "claude-budget.yml:13":
            each["where"] = "tests/test_a.py:7"
    (line,) = [each for each in limits(report, 7, "") if "more" in each]
    assert line == "- … and 2 more (`tests/test_a.py:7` and `claude-budget.yml:21`)."


def test_what_has_everything_to_say_at_once_leaves_the_rest_to_the_summary() -> None:
    """All kinds of limits, of unknown cost and of absent tests, each by a name as long as one may be shown."""
    report, long = document("incomplete"), "a long name of something " * 40
    verdict, of = report["verdict"], document("busy")["verdict"]["breaches"]
    each = [{**row, "name": long, "where": f"{long}{at}:1", "measure": "max_cost"} for at, row in enumerate(of)]
    verdict.update(outcome="over", breaches=each, warnings=each, known=each, incomplete=[long] * 9)
    report["comparison"]["owners"] += [{**row, "owner": long} for row in document("silent")["comparison"]["owners"]]
    report["comparison"]["baseline"]["source"] = report["run"]["narrowed"] = long
    report["exempt"] = [{"owner": long, "calls": 1}]
    report["unpriced"] = [{**report["unpriced"][0], "model": f"{at} {long}"} for at in range(9)]
    page = comment(report)
    assert visual_lines(page) <= 25
    assert "Too long for this page: all else is in the job summary." in page
    assert "**To pass:**" in page


def test_marks_that_nobody_sees_take_no_room() -> None:
    """A line of GitHub's column takes 100 characters."""
    assert [1, 2] == [visual_lines(f"**To pass:** `{'a' * length}`\n") for length in (91, 92)]


def test_the_briefest_page_leaves_the_steps_of_an_update_to_the_summary() -> None:
    """Where everything has something to say at once, the page would else be longer than it may be."""
    brief, full = ("".join(silence(document("silent"), 0, brief=brief)) for brief in (True, False))
    assert brief.endswith(
        "See whether a mock or an early return took the place of the call; if that is intended, update the lock file."
    )
    assert full.endswith(
        "if that is intended, run `pytest --claude-budget-update` and commit `claude-budget.lock.json`."
    )


def test_all_answers_priced_beside_a_failed_test_says_why_both_hold() -> None:
    assert "\n7 of 7 answers priced (a failed test may lack some) · " in comment(document("failed"))
    report = document("failed")
    report["answers"].update(priced=6, unpriced=1)
    report["run"]["failed"] = [row["owner"] for row in report["comparison"]["owners"][:2]]
    assert "\n6 of 7 answers priced (failed tests may lack some) · " in comment(report)


def first_line(report: Document) -> str:
    return comment(report).splitlines()[0]


@pytest.mark.parametrize(
    ("name", "feature", "cells"),
    [
        ("failed", "support", "$0.01 | not known | not known |"),
        ("incomplete", "support", "$0.01 | at least $0.01 | not known |"),
        # five tests at $0.0068 to $0.0073 are $0.0351, and the sixth, at $0.0074, failed
        ("stopped", "search", "$0.0425 | at least $0.0351 | not known |"),
    ],
)
def test_a_feature_is_as_much_known_as_its_tests(name: str, feature: str, cells: str) -> None:
    """What it was is known where each of its tests is; what it is now is a lower bound where one test's cost is."""
    page = comment(document(name))
    assert f"| `{feature}` | {cells}" in page
    if name != "stopped":
        assert f"`<br>`tests/test_support.py:41` | {cells}" in page


def test_what_is_not_known_and_has_no_feature_is_in_the_row_of_the_rest() -> None:
    """$0.01 of the baseline is of a test that failed, beside $0.005 that stayed; $0.0425 are of a feature."""
    failed = replace(REFUND, after="0.00", causes=[], calls=0, not_known="the test failed", feature=None)
    loose = Owner(id="t.py::loose", before="0.005", after="0.005")
    page = comment(Report(owners=[failed, loose, *steady()], failed=[failed.id], ended="failed").document())
    assert "| (no feature) | $0.015 | at least $0.005 | not known |" in page


def test_a_month_that_grew_by_another_part_than_the_run_says_why() -> None:
    """435 → 770 is +77% where the run is +38%; 0.0488 → 0.0513 of both is +5.1%, and needs no words."""
    assert "projected $435.00 → $770.00 a month (+77%, weighted by volume) for 2 features" in comment(document("over"))
    assert "projected $300.00 → $327.50 a month (+9.2%) for `replies`" in comment(document("busy"))
    alike = Report(owners=FEW, projection=[month("triage", 1000, ("48.8", "51.3"))]).document()
    assert "projected $48.80 → $51.30 a month for `triage`" in comment(alike)


def test_what_has_no_feature_no_tier_and_no_model_has_a_row() -> None:
    """0.0425 of 0.0525 is of a feature and 0.01 of none; of an answer that is not measured nobody knows the model."""
    loose = Owner(id="t.py::loose", before="0.005", after="0.01", causes=[("calls", "0.005", "more")])
    report = Report(owners=[*steady(), loose]).document()
    report["by_tier"] = [{"tier": "free", **report["by_feature"][0]}]
    del report["by_tier"][0]["feature"]
    page = comment(report)
    assert "| (no feature) | $0.005 | $0.01 | +$0.005 |" in page
    assert "| (no tier) | 1 | $0.01 | $0.00 |" in page
    assert "(no model)" not in page
    report["totals"].update(calls=8, at_least=True, unknown=1)
    assert "| (no model) | 1 | not known | $0.00 |" in comment(report)


def test_a_budget_is_not_said_to_be_unused_where_the_cost_is_not_known() -> None:
    """Neither 0% nor a percent without "at least"."""
    unknown = Owner(id="t.py::t", before="0.01", after="0.00", at_least=True, not_known="no rates", status="changed")
    nothing, something = (comment(Report(owners=each).document()) for each in ([unknown], [unknown, *steady()]))
    assert "\nbudget $0.10 · this run spent" in nothing
    assert "budget $0.10 (at least 42% used)" in something


@pytest.mark.parametrize(
    ("text", "dollars"),
    [
        ("0.25", "0.25"),
        ("0 ", "0"),
        (" 1_000", "1000"),
        ("1e40", "1e30"),
        ("NaN", None),
        ("from $0.00", None),
        (3, None),
    ],
)
def test_what_a_report_says_of_a_limit_is_an_amount_or_none(text: object, dollars: str | None) -> None:
    """A report may have been written by anybody: blanks around a number have ended the page in a traceback."""
    assert amount_in(text) == (None if dollars is None else Decimal(dollars))


def test_a_baseline_that_is_not_known_leaves_the_run_s_own_cost_known() -> None:
    """Only the change is not known."""
    page = document("over")
    page["comparison"] = {**page["comparison"], "at_least": True}
    (line,) = [line for line in comment(page).splitlines() if line.startswith("Run ")]
    assert "at least" not in line


def test_tokens_by_kind_have_their_dollars_where_the_report_tells_them() -> None:
    """Of a lower bound each is one, too; reports of earlier versions have the numbers alone."""
    told = document("over")
    assert "\n| Kind | Number |\n" in comment(told)
    costs = {"input_tokens": "0.0132", "cache_read_input_tokens": "0.0055"}
    told = {**told, "cost_by_kind": {**costs, "output_tokens": "0.0626"}}
    assert "| Kind | Number | Cost |\n" in comment(told)
    assert (
        "\n| input | 13,200 | $0.0132 |\n| cache read | 55,000 | $0.0055 |\n| output | 1,980 | $0.0626 |\n"
        in comment(told)
    )
    told = {**told, "totals": {**told["totals"], "at_least": True}, "cost_by_kind": costs}
    assert "| input | 13,200 | at least $0.0132 |" in comment(told)
    assert "| output | 1,980 | not known |" in comment(told)
