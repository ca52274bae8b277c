"""Limits, exit statuses and what is said of them."""

from xml.etree import ElementTree

import pytest

from tests.plugin.conftest import Suite

ONE_CALL = "from http_double import ask\ndef test_one(): ask()\n"


def test_a_run_within_its_limits_passes(suite: Suite, workers: int) -> None:
    """$0.0015 of $0.01."""
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 0.01}\n")
    suite.write(test_a=ONE_CALL)
    outcome = suite.run(workers=workers)
    assert (outcome.result.ret, outcome.verdict) == (pytest.ExitCode.OK, "within")


def test_a_breach_fails_the_session_and_names_the_line_of_its_limit(suite: Suite, workers: int) -> None:
    """The test passes, the session does not, and one line says all."""
    suite.budget("version: 1\nlimits:\n  - scope: run\n    max_cost: 1\n  - scope: test\n    max_cost: 0.001\n")
    suite.write(test_a=ONE_CALL)
    outcome = suite.run(workers=workers)
    outcome.result.assert_outcomes(passed=1)
    assert (outcome.result.ret, outcome.verdict) == (pytest.ExitCode.TESTS_FAILED, "over")
    line = "claude-budget.yml:6: test_a.py::test_one costs $0.0015, the limit is $0.001"
    assert line in outcome.said


def test_a_limit_that_is_met_exactly_is_within(suite: Suite) -> None:
    """Two calls are $0.003, no more."""
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 0.003, max_calls: 2}\n")
    suite.write(test_a="from http_double import ask\ndef test_one(): ask(); ask()\n")
    assert suite.run().verdict == "within"


@pytest.mark.parametrize(
    ("limit", "outcome"),
    [
        ("{scope: test, max_calls: 1}", "over"),
        ("{scope: test, max_attempts: 1}", "over"),
        ("{scope: test, max_input_tokens: 1999}", "over"),
        ("{scope: test, max_input_tokens: 2000}", "within"),
        ("{scope: test, max_output_tokens: 199}", "over"),
        ("{scope: test, max_tokens_total: 2199}", "over"),
        ("{scope: test, max_tokens_total: 2200}", "within"),
        ("{scope: test, match: 'other/**', max_calls: 0}", "within"),
        ("{scope: model, match: 'claude-haiku-*', max_calls: 1}", "over"),
        ("{scope: model, match: claude-haiku-4-5, max_calls: 1}", "over"),
        ("{scope: model, match: 'claude-opus-*', max_calls: 0}", "within"),
        ("{scope: feature, match: triage, max_cost: 0.002}", "over"),
        ("{scope: tier, max_cost: 0.002}", "over"),
        ("{scope: fixture, max_calls: 0}", "within"),
        ("{scope: run, max_cost: 0.0031, warn_at: 90%}", "warned"),
        ("{scope: run, max_cost: 0.01, warn_at: 90%}", "within"),
    ],
)
def test_every_scope_and_measure_holds(suite: Suite, limit: str, outcome: str) -> None:
    """Two calls: $0.003, 2,000 input tokens, 200 output tokens."""
    suite.budget(f"version: 1\nlimits:\n  - {limit}\n")
    suite.write(
        test_a="""
        import pytest
        from http_double import ask
        @pytest.mark.claude_budget(feature="triage", tier="free")
        def test_one(): ask(); ask()
        """
    )
    assert suite.run().verdict == outcome


def test_an_unknown_model_can_never_end_within(suite: Suite, workers: int) -> None:
    """Neither by default nor when incomplete runs are tolerated."""
    suite.write(test_a="from http_double import ask\ndef test_one(): ask(model='claude-secret-9')\n")
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 5}\n")
    outcome = suite.run(workers=workers)
    assert (outcome.result.ret, outcome.verdict) == (pytest.ExitCode.TESTS_FAILED, "incomplete")
    assert outcome.report["unpriced"][0]["model"] == "claude-secret-9"
    assert outcome.report["answers"] == {"seen": 1, "priced": 0, "unpriced": 1, "unmeasured": 0, "free": 0}
    suite.budget("version: 1\non_incomplete: warn\nlimits:\n  - {scope: run, max_cost: 5}\n")
    outcome = suite.run(workers=workers)
    assert (outcome.result.ret, outcome.verdict) == (pytest.ExitCode.OK, "warned")


def test_an_alias_of_the_budget_file_prices_an_unknown_model(suite: Suite) -> None:
    """The user says what a gateway's name stands for."""
    suite.write(test_a="from http_double import ask\ndef test_one(): ask(model='gateway/fast-one')\n")
    suite.budget("version: 1\nrates:\n  aliases: {gateway/fast-one: claude-haiku-4-5}\n")
    outcome = suite.run()
    assert (outcome.verdict, outcome.cost) == ("within", "0.0015")


def test_without_a_budget_file_the_run_is_measured_and_unjudged(suite: Suite) -> None:
    """There is a table, and no opinion."""
    suite.write(test_a=ONE_CALL)
    outcome = suite.run()
    assert (outcome.result.ret, outcome.verdict, outcome.cost) == (0, "unjudged", "0.0015")


def test_a_failing_test_keeps_its_exit_status_and_a_breach_is_still_said(suite: Suite) -> None:
    """Failed tests are status 1 already."""
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_calls: 0}\n")
    suite.write(test_a="from http_double import ask\ndef test_one():\n    ask()\n    assert False\n")
    outcome = suite.run()
    assert (outcome.result.ret, outcome.verdict) == (pytest.ExitCode.TESTS_FAILED, "over")


def test_a_bad_budget_file_is_a_usage_error_before_any_test(suite: Suite, workers: int) -> None:
    """Exit status 4, four parts, no traceback."""
    suite.budget("version: 1\nlimits:\n  - scope: run\n    max_cost: cheap\n")
    suite.write(test_a=ONE_CALL)
    outcome = suite.run(workers=workers)
    assert outcome.result.ret == pytest.ExitCode.USAGE_ERROR
    text = outcome.result.stderr.str() + outcome.result.stdout.str()
    assert "claude-budget.yml:4:15: limits[0].max_cost: expected dollars such as 0.25, got 'cheap'" in text
    assert "[bad-amount]" in text
    assert "Traceback" not in text


def test_a_budget_file_that_was_checked_is_not_checked_again(suite: Suite, workers: int) -> None:
    """The validator is not even imported; a limit still holds, and another file is checked."""
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_calls: 0}\n")
    suite.write(
        test_a="""
        import sys
        from http_double import ask
        def test_one():
            ask()
            print("imported:", "jsonschema" in sys.modules)
        """
    )
    first, second = (suite.run("-rP", workers=workers) for _ in range(2))
    assert (first.verdict, second.verdict) == ("over", "over")
    assert "imported: False" in second.result.stdout.str()
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_calls: none}\n")
    assert suite.run(workers=workers).result.ret == pytest.ExitCode.USAGE_ERROR


def test_a_cache_that_cannot_be_written_checks_each_time(suite: Suite) -> None:
    """Without a word of ours about it."""
    suite.budget("version: 1\n")
    suite.write(test_a="def test_one(): pass\n")
    (suite.path / "cache").write_text("in the way", encoding="utf-8")
    for _ in range(2):
        outcome = suite.run("-o", "cache_dir=cache", "-W", "ignore", "-W", "error:.*claude-budget.*")
        outcome.result.assert_outcomes(passed=1)
        assert outcome.result.ret == pytest.ExitCode.OK
        assert "claude-budget/checked" not in outcome.result.stdout.str() + outcome.result.stderr.str()


def test_a_named_budget_file_goes_before_the_usual_one(suite: Suite) -> None:
    """By option and by ini value."""
    suite.write(test_a=ONE_CALL)
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_calls: 0}\n")
    (suite.path / "other.yml").write_text("version: 1\nlimits:\n  - {scope: run, max_calls: 1}\n", encoding="utf-8")
    assert suite.run("--claude-budget=other.yml").verdict == "within"
    assert suite.run("-o", "claude_budget=other.yml").verdict == "within"
    assert suite.run().verdict == "over"


def test_no_claude_budget_neither_measures_nor_judges(suite: Suite) -> None:
    """The switch for who wants nothing of it; markers and the fixture still work."""
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_calls: 0}\n")
    suite.write(
        test_a="""
        import pytest
        from http_double import ask
        @pytest.mark.claude_budget(max_calls=0)
        def test_one(claude_budget):
            with claude_budget.tag(feature="x"):
                ask()
            assert claude_budget.calls == 0
        """
    )
    outcome = suite.run("--no-claude-budget", "--strict-markers")
    outcome.result.assert_outcomes(passed=1)
    assert (outcome.result.ret, outcome.report) == (0, {})


def test_a_marker_is_a_limit_of_its_own_test(suite: Suite, workers: int) -> None:
    """It goes before every pattern of the file, and is named by the test's own line."""
    suite.budget("version: 1\nlimits:\n  - {scope: test, match: 'test_a.py::test_one', max_calls: 9}\n")
    suite.write(
        test_a="""
        import pytest
        from http_double import ask
        @pytest.mark.claude_budget(max_calls=1)
        def test_one(): ask(); ask()
        @pytest.mark.claude_budget(max_calls=2)
        def test_two(): ask(); ask()
        """
    )
    outcome = suite.run(workers=workers)
    assert outcome.verdict == "over"
    assert [breach["name"] for breach in outcome.report["verdict"]["breaches"]] == ["test_a.py::test_one"]
    assert outcome.report["verdict"]["breaches"][0]["where"] == "test_a.py:3"


def test_a_wrong_marker_is_an_error_of_its_test(suite: Suite) -> None:
    """With what was allowed, and what may have been meant."""
    suite.write(
        test_a="""
        import pytest
        @pytest.mark.claude_budget(max_costs=1)
        def test_one(): pass
        """
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(errors=1)
    assert "unknown argument" in outcome.result.stdout.str()
    assert "max_cost" in outcome.result.stdout.str()


def test_the_fixture_tells_what_the_test_used_so_far(suite: Suite, workers: int) -> None:
    """Cost, spent, calls and usage, with set-up and with what child processes made."""
    suite.write(
        app="from http_double import ask\nask()\n",
        test_a="""
        import asyncio, subprocess, sys
        from decimal import Decimal
        import pytest
        from claude_double import ask, ask_async
        @pytest.fixture
        def prepared(): ask()
        def test_one(claude_budget, prepared):
            assert (claude_budget.calls, claude_budget.cost) == (1, Decimal("0.0015"))
            ask()
            assert claude_budget.usage.input_tokens == 2000
            assert (claude_budget.spent, claude_budget.at_least) == (0, False)
            subprocess.run([sys.executable, "app.py"], check=True)
            assert claude_budget.calls == 3
        def test_two(claude_budget):
            async def main():
                await ask_async()
                assert claude_budget.calls == 1
            asyncio.run(main())
        """,
    )
    suite.run(workers=workers).result.assert_outcomes(passed=2)


def test_a_limit_inside_of_a_test_fails_it_there(suite: Suite) -> None:
    """Only what happens inside counts."""
    suite.write(
        test_a="""
        from http_double import ask
        def test_over(claude_budget):
            ask()
            with claude_budget.limit(max_cost="0.002", max_calls=5):
                ask(); ask()
        def test_within(claude_budget):
            ask()
            with claude_budget.limit(max_cost="0.0015", max_calls=1):
                ask()
        def test_unknown(claude_budget):
            with claude_budget.limit(max_cost=1):
                ask(model="claude-secret-9")
        def test_raises(claude_budget):
            with claude_budget.limit(max_calls=0):
                ask()
                raise ValueError("the test's own")
        """
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=1, failed=3)
    text = outcome.result.stdout.str()
    assert "test_a.py:2: test_a.py::test_over costs $0.003, the limit is $0.002" in text
    assert "the cost of an answer inside claude_budget.limit() is not known in full" in text
    assert "the test's own" in text


def test_junit_files_tell_the_cost_of_each_test_that_made_calls(suite: Suite, workers: int) -> None:
    """Properties claude_cost_usd and claude_calls."""
    suite.write(test_a="from http_double import ask\ndef test_one(): ask()\ndef test_two(): pass\n")
    suite.run("--junitxml=junit.xml", workers=workers)
    text = (suite.path / "junit.xml").read_text(encoding="utf-8")
    assert text.count('<property name="claude_cost_usd" value="0.0015"') == 1
    assert text.count('<property name="claude_calls" value="1"') == 1


def test_a_cost_that_is_not_known_in_full_cannot_be_compared(suite: Suite, workers: int) -> None:
    """Only the lower bounds can be read then: 1,000 tokens in and 100 out of the known model are $0.0015."""
    suite.write(
        test_a="""
        from decimal import Decimal
        from http_double import ask
        def test_cost(claude_budget):
            ask(model="claude-secret-9")
            try:
                assert claude_budget.cost < 1
            except Exception:
                pass
        def test_nothing_was_spent(claude_budget):
            ask(model="claude-secret-9")
            assert claude_budget.spent == 0
        def test_bounds(claude_budget):
            ask()
            assert claude_budget.cost == claude_budget.cost_at_least == Decimal("0.0015")
            ask(model="claude-secret-9")
            assert claude_budget.at_least and claude_budget.calls == 2
            assert claude_budget.cost_at_least == Decimal("0.0015")
            assert claude_budget.spent_at_least == 0
        """
    )
    outcome = suite.run("--junitxml=junit.xml", workers=workers)
    outcome.result.assert_outcomes(passed=2, failed=1)
    text = outcome.result.stdout.str()
    assert "test_a.py::test_cost: claude_budget.cost is not known in full" in text
    assert "claude_budget.cost_at_least" in text
    cases = ElementTree.parse(suite.path / "junit.xml").iter("testcase")
    told = {case.get("name"): {each.get("name"): each.get("value") for each in case.iter("property")} for case in cases}
    assert told["test_bounds"] == {"claude_cost_at_least": "0.0015", "claude_calls": "2"}
    assert told["test_cost"] == {"claude_cost_at_least": "0", "claude_calls": "1"}


def test_junit_files_tell_a_batch_where_it_was_read(suite: Suite, workers: int) -> None:
    """A property is written when its test ends: a creator cannot know yet what a later test will read.

    The report is made at the end and charges the creator. Half of $0.0015 is $0.00075, in both of them once.
    """
    suite.write(
        test_a="""
        import json
        import pytest
        from claude_double import REQUEST, answering, httpx, message
        def respond(request):
            if request.method == "POST":
                batch = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "in_progress"}
                return httpx.Response(200, json=batch)
            if request.url.path.endswith("/results"):
                line = {"custom_id": "a", "result": {"type": "succeeded", "message": message()}}
                return httpx.Response(200, text=json.dumps(line) + "\\n")
            results = "https://api.anthropic.com/v1/messages/batches/msgbatch_1/results"
            ended = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "ended", "results_url": results}
            return httpx.Response(200, json=ended)
        def test_creates(claude_budget):
            requests = [{"custom_id": "a", "params": REQUEST}]
            answering(respond).messages.batches.create(requests=requests)
            assert claude_budget.cost == 0
        def test_reads(claude_budget):
            assert len(list(answering(respond).messages.batches.results("msgbatch_1"))) == 1
            assert str(claude_budget.cost.normalize()) == "0.00075"
        """
    )
    outcome = suite.run("--junitxml=junit.xml", workers=workers)
    outcome.result.assert_outcomes(passed=2)
    cases = ElementTree.parse(suite.path / "junit.xml").iter("testcase")
    told = {case.get("name"): {each.get("name"): each.get("value") for each in case.iter("property")} for case in cases}
    assert told == {"test_creates": {}, "test_reads": {"claude_cost_usd": "0.00075", "claude_calls": "1"}}
    assert outcome.owner("test_a.py::test_creates")["cost"] == "0.00075"
    assert [row["owner"] for row in outcome.report["by_owner"] if row["calls"]] == ["test_a.py::test_creates"]


@pytest.mark.parametrize("option", ["json", "json:", "otlp:", "xml:out.xml"])
def test_a_wrong_report_option_is_a_usage_error(suite: Suite, option: str) -> None:
    """What was allowed is said."""
    suite.write(test_a=ONE_CALL)
    result = suite.pytest(f"--claude-budget-report={option}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        "expected KIND:PATH with a KIND of json, markdown, summary, html, speedscope, pprof, otlp, got"
        in result.stderr.str()
    )


@pytest.mark.parametrize(
    ("options", "part"),
    [
        (["tests"], ""),
        (["tests/test_a.py", "tests/deep"], "tests/deep, tests/test_a.py"),
        (["tests/deep"], "tests/deep"),
        (["-k", "one"], "-k"),
    ],
    ids=["all by its folder", "two paths", "a folder", "k"],
)
def test_a_part_of_the_suite_is_told_from_the_whole(suite: Suite, options: list[str], part: str) -> None:
    """Who names the one folder that has tests asks for all of them."""
    suite.budget("version: 1\nlimits: [{scope: run, max_cost: 1}, {scope: test, max_cost: 1}]\n")
    suite.pytester.makeini("[pytest]\npythonpath = .\n")
    (suite.path / "tests" / "deep").mkdir(parents=True)
    for name in ("test_a.py", "deep/test_b.py"):
        (suite.path / "tests" / name).write_text("from http_double import ask\ndef test_one(): ask()\n", "utf-8")
    verdict = suite.run(*options).report["verdict"]
    assert (verdict["part"], verdict["outcome"]) == (part, "within")
    assert [limit["limit"] for limit in verdict["not_judged"]] == (["max_cost 1 for the run"] if part else [])
