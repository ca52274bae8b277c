"""How a run ends: pytest's last lines, the other plugins and the process say the same, and name the budget."""

import json
import re

import pytest

from tests.plugin.conftest import Suite

TELLER = """
import pathlib
def pytest_sessionfinish(session, exitstatus):
    if not hasattr(session.config, "workerinput"):
        pathlib.Path("told.txt").write_text(f"{int(exitstatus)}, {session.testsfailed} failed")
"""
"""A reporter such as pytest-json-report: it writes the exit status that pytest tells it."""
ONE_CALL = "from http_double import ask\ndef test_one(): ask()\n"


COUNTER = """
from pytest_claude_budget.plugin import report_and_verdict as conclusion
def counted(*arguments, make=conclusion._report):
    with open("made.txt", "a") as file:
        file.write("a report\\n")
    return make(*arguments)
conclusion._report = counted
"""
"""Says how often a report was made: of 100,000 calls, that takes a second."""


def run_limit(suite: Suite, dollars: str) -> None:
    """A limit for the run, in line 3."""
    suite.budget(f"version: 1\nlimits:\n  - {{scope: run, max_cost: {dollars}}}\n")


def last_lines(printed: str, count: int) -> list[str]:
    """The end of what was printed, without colour, rulers and times."""
    plain = re.sub(r"\x1b\[\d+m", "", printed).splitlines()
    return [re.sub(r" in [\d.]+s$", "", line.strip("= ")) for line in plain[-count:]]


def test_a_run_over_its_budget_is_over_in_every_last_word(suite: Suite, workers: int) -> None:
    """$0.0015 of $0.001. No test failed, and none is to be run again by `--lf`. What has not changed is judged once."""
    run_limit(suite, "0.001")
    suite.write(conftest=TELLER + COUNTER, test_a=ONE_CALL + "def test_two(): pass\n")
    outcome = suite.run("--color=yes", workers=workers)
    printed = outcome.result.stdout.str()
    assert last_lines(printed, 3) == [
        "short test summary info",
        "OVER claude-budget.yml:3 - the run: $0.0015, limit $0.001",
        "2 passed, 1 Claude budget limit exceeded",
    ]
    red = "\x1b[31m"
    assert printed.splitlines()[-1].startswith(red)
    assert (suite.path / "told.txt").read_text("utf-8") == "1, 0 failed"
    assert outcome.result.ret == pytest.ExitCode.TESTS_FAILED
    assert not (suite.path / ".pytest_cache" / "v" / "cache" / "lastfailed").exists()
    assert (suite.path / "made.txt").read_text("utf-8") == "a report\n"


def test_the_last_lines_of_many_limits_say_why_and_what_to_do(suite: Suite) -> None:
    """A call costs $0.0015 (100 of input, 80 of output, on Sonnet 4.5): two tests ask once more each, from $0.003 to $0.006.

    Started in another folder than pytest's root, where node ids are shown as paths from there: these lines stay as they are.
    """
    suite.budget(
        "version: 1\nlimits:\n  - {scope: run, max_cost: 0.004, max_calls: 3}\n  - {scope: test, max_calls: 1}\n"
        "changes: {run: {max_increase: 10%}}\n"
    )
    asks = "from http_double import ask\nimport os\n"
    asks += "".join(f"def test_{n}():\n    for _ in range(1 + ('MORE' in os.environ)): ask()\n" for n in range(2))
    suite.write(test_a=asks)
    suite.run("--claude-budget-update")
    folder = suite.path / "elsewhere"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MORE", "1")
        patch.chdir(folder)
        outcome = suite.run("..", "--rootdir=..")
    assert last_lines(outcome.result.stdout.str(), 8) == [
        "OVER claude-budget.yml:3 - the run: $0.006, limit $0.004",
        "OVER claude-budget.yml:5 - the run: +100.0%, limit +10% ($0.003 → $0.006)",
        "OVER claude-budget.yml:3 - the run: 4 calls, limit 3",
        "OVER claude-budget.yml:4 - 2 tests, up to 2 calls, limit 1",
        "WHY +$0.003 in 2 tests - each makes 2 calls (was 1)",
        "NOT INTENDED? first find what asks the same thing again - see 'to bring it down'",
        "INTENDED? raise 3 limits, then pytest --claude-budget-update - see 'to accept'",
        "2 passed, 4 Claude budget limits exceeded",
    ]


def test_a_test_that_failed_stands_beside_the_budget(suite: Suite) -> None:
    """Each by its own name, and `-x` and `--lf` know of the test alone."""
    run_limit(suite, "0.001")
    suite.write(conftest=TELLER, test_a=ONE_CALL + "def test_two(): assert False\ndef test_three(): pass\n")
    outcome = suite.run("-x")
    assert last_lines(outcome.result.stdout.str(), 4) == [
        "FAILED test_a.py::test_two - assert False",
        "OVER claude-budget.yml:3 - the run: $0.0015, limit $0.001",
        "!!!!!!!!!!!!!!!!!!!!!!!!!! stopping after 1 failures !!!!!!!!!!!!!!!!!!!!!!!!!!!",
        "1 failed, 1 passed, 1 Claude budget limit exceeded",
    ]
    assert (suite.path / "told.txt").read_text("utf-8") == "1, 1 failed"
    failed = json.loads((suite.path / ".pytest_cache" / "v" / "cache" / "lastfailed").read_text("utf-8"))
    assert failed == {"test_a.py::test_two": True}


def test_an_incomplete_run_ends_with_what_is_not_known(suite: Suite) -> None:
    """A model without a price."""
    run_limit(suite, "1")
    suite.write(conftest=TELLER, test_a="from http_double import ask\ndef test_one(): ask(model='claude-secret-9')\n")
    said, ended = last_lines(suite.run().result.stdout.str(), 2)
    assert said.startswith("INCOMPLETE claude cost - 1 answer is unpriced: ")
    assert ended == "1 passed, 1 incomplete cost"
    assert (suite.path / "told.txt").read_text("utf-8") == "1, 0 failed"


def test_a_file_in_the_way_of_a_report_is_told_to_everyone(suite: Suite) -> None:
    """The report was asked for, so the run fails without it: by pytest's own exit status too."""
    suite.write(conftest=TELLER, test_a=ONE_CALL)
    (suite.path / "folder").write_text("in the way", encoding="utf-8")
    outcome = suite.run("--claude-budget-report=json:folder/out.json")
    said, ended = last_lines(outcome.result.stdout.str(), 2)
    assert said.startswith("ERROR claude cost - ")
    assert ended == "1 passed, 1 budget error"
    assert (suite.path / "told.txt").read_text("utf-8") == "1, 0 failed"


def test_a_call_at_the_end_of_the_session_is_judged_too(suite: Suite) -> None:
    """$0.0015 when the tests are over, $0.003 when the session is: the limit is $0.002."""
    run_limit(suite, "0.002")
    suite.write(conftest="from http_double import ask\ndef pytest_sessionfinish(): ask()\n", test_a=ONE_CALL)
    outcome = suite.run()
    assert last_lines(outcome.result.stdout.str(), 2) == [
        "OVER claude-budget.yml:3 - the run: $0.003, limit $0.002",
        "1 passed, 1 Claude budget limit exceeded",
    ]
    assert (outcome.result.ret, outcome.cost) == (pytest.ExitCode.TESTS_FAILED, "0.003")


def test_what_is_known_at_the_end_of_the_session_was_not_incomplete(suite: Suite) -> None:
    """A stream that goes on when the tests are over, and is read to its end after that."""
    run_limit(suite, "1")
    suite.write(
        conftest="""
        def pytest_sessionfinish():
            import test_a
            list(test_a.kept[0])
        """,
        test_a="""
        from claude_double import REQUEST, answering, httpx, stream_body
        kept = []
        def pieces():
            for event in stream_body().split(b"\\n\\n")[:-1]:
                yield event + b"\\n\\n"
        def test_one():
            headers = {"content-type": "text/event-stream"}
            client = answering(lambda request: httpx.Response(200, headers=headers, content=pieces()))
            stream = iter(client.messages.create(stream=True, **REQUEST))
            next(stream)
            kept.append(stream)
        """,
    )
    outcome = suite.run()
    assert last_lines(outcome.result.stdout.str(), 1) == ["1 passed"]
    assert (outcome.result.ret, outcome.verdict) == (pytest.ExitCode.OK, "within")


def test_a_run_that_another_plugin_fails_at_its_end_is_not_accepted(suite: Suite) -> None:
    """The lock file is written when all have spoken."""
    fails = "def pytest_sessionfinish(session): session.exitstatus = 1\n"
    suite.write(conftest=fails, test_a=ONE_CALL)
    outcome = suite.run("--claude-budget-update")
    assert "claude-budget.lock.json was left as it was: a test failed" in outcome.said
    assert not (suite.path / "claude-budget.lock.json").exists()


def test_calls_at_collection_are_over_where_nothing_else_is_done(suite: Suite) -> None:
    """The final line of `--collect-only` knows errors alone."""
    run_limit(suite, "0.001")
    suite.write(test_a="from http_double import ask\nask()\ndef test_one(): pass\n")
    outcome = suite.run("--collect-only")
    assert last_lines(outcome.result.stdout.str(), 2) == [
        "OVER claude-budget.yml:3 - the run: $0.0015, limit $0.001",
        "1 test collected, 1 error",
    ]
    assert outcome.result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_final_line_that_knows_errors_alone_counts_limits_and_not_lines(suite: Suite) -> None:
    """Six limits in four lines."""
    counts = "max_calls: 1, max_input_tokens: 9, max_output_tokens: 9, max_tokens_total: 9, max_attempts: 1"
    suite.budget(f"version: 1\nlimits:\n  - {{scope: run, max_cost: 0.001, {counts}}}\n")
    suite.write(test_a="from http_double import ask\nask()\nask()\ndef test_one(): pass\n")
    assert last_lines(suite.run("--collect-only").result.stdout.str(), 2) == [
        "OVER claude cost - 3 more limits, named above",
        "1 test collected, 6 errors",
    ]


def test_a_run_that_is_judged_anew_leaves_its_verdict_to_that_and_ends_as_its_tests_do(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """$0.0015 of $0.001. The file names the run, so that it cannot be left out; what fails beside the cost stays red."""
    later = suite.path / "later"
    monkeypatch.setenv("CLAUDE_BUDGET_JUDGED_LATER", str(later))
    run_limit(suite, "0.001")
    suite.write(conftest=TELLER, test_a=ONE_CALL)
    outcome = suite.run()
    assert (0, "over") == (outcome.result.ret, outcome.verdict)
    assert "0, 0 failed" == (suite.path / "told.txt").read_text("utf-8")
    assert outcome.report["run"]["ids"] == later.read_text("utf-8").split()
    assert "the exit status is that of the tests alone" in outcome.said
    assert "verdict: over" in outcome.said.lower()


@pytest.mark.parametrize("wrong", ["a test", "the file", "a report"])
def test_only_what_is_judged_anew_passes(suite: Suite, monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    later = suite.path / ("none/later" if wrong == "the file" else "later")
    monkeypatch.setenv("CLAUDE_BUDGET_JUDGED_LATER", str(later))
    run_limit(suite, "0.001")
    suite.write(test_a=ONE_CALL + ("def test_two(): assert False\n" if wrong == "a test" else ""))
    options = ["--claude-budget-report=json:test_a.py/out.json"] if wrong == "a report" else []
    assert pytest.ExitCode.TESTS_FAILED == suite.run(*options).result.ret


def test_a_run_inside_of_one_that_is_judged_anew_is_judged_as_ever(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLAUDE_BUDGET_JUDGED_LATER", str(suite.path / "later"))
    suite.write(test_a="import os\ndef test_one(): assert 'CLAUDE_BUDGET_JUDGED_LATER' not in os.environ\n")
    assert 0 == suite.run().result.ret
    assert not (suite.path / "later").exists()
