"""Whatever of ours fails, the user's test passes and the verdict says incomplete."""

import pytest

from tests.plugin.conftest import Suite, ledgers

STAGES = {
    "recognising a request": "pytest_claude_budget.intercept.which_exchanges.route",
    "opening a ticket": "pytest_claude_budget.measure.recorder._Ids.next",
    "finding the owner": "pytest_claude_budget.measure.current_owner.Owners.who",
    "telling the origin": "pytest_claude_budget.intercept.exchange.located",
    "choosing a reader": "pytest_claude_budget.intercept.exchange.content_of",
    "reading the answer": "pytest_claude_budget.wire.messages.answer_of",
    "asking for the headers": "pytest_claude_budget.intercept.which_exchanges.told",
    "storing it where no file is touched": "pytest_claude_budget.ledger.journal.Journal.take",
    "laying it out": "pytest_claude_budget.ledger.row_format._kind_text",
    "storing it": "pytest_claude_budget.ledger.journal.Journal.write",
    "keeping what cannot be stored": "pytest_claude_budget.measure.recorder.Recorder._store",
    "taking a call": "pytest_claude_budget.measure.recorder.Recorder._laid_out",
    "opening the journal": "pytest_claude_budget.ledger.journal.Journal._begin",
    "opening the ledger": "pytest_claude_budget.ledger.database.SqliteLedger._open",
    "bringing journals in": "pytest_claude_budget.ledger.database.gather",
    "removing journals": "pytest_claude_budget.ledger.database.remove_whole",
    "knowing the test": "pytest_claude_budget.plugin.marker.place_of",
    "reading the ledger": "pytest_claude_budget.ledger.database.SqliteLedger.totalled",
    "naming a fixture": "pytest_claude_budget.plugin.hooks.fixture_id",
    "naming a test": "pytest_claude_budget.measure.run.name_of",
    "reading marks": "pytest_claude_budget.plugin.marker.marked_arguments",
    "pricing": "pytest_claude_budget.judge.report.price",
    "adding up": "pytest_claude_budget.judge.report.settle",
    "making a record": "pytest_claude_budget.judge.report.RecordBuilder",
    "judging": "pytest_claude_budget.judge.report.evaluate",
    "laying out the table": "pytest_claude_budget.plugin.report_and_verdict.terminal_lines",
    "writing the report": "pytest_claude_budget.render.json_document.report_text",
    "concluding": "pytest_claude_budget.plugin.report_and_verdict.conclude",
    "hooking the client": "pytest_claude_budget.intercept.httpx_hooks.Hooks.wrap",
    "removing old ledgers": "pytest_claude_budget.plugin.earlier_runs.left_runs",
}

BREAK = """
import importlib
def pytest_configure(config):
    name = {target!r}
    parts = name.split(".")
    for at in range(len(parts) - 1, 0, -1):
        try:
            owner = importlib.import_module(".".join(parts[:at]))
            break
        except ModuleNotFoundError:
            pass
    for part in parts[at:-1]:
        owner = getattr(owner, part)
    def broken(*args, **kwargs):
        raise KeyError("sk-ant-canary")
    setattr(owner, parts[-1], broken)
"""

SUITE = """
import asyncio
from claude_double import REQUEST, answering, ask, ask_async, httpx, stream_body
import pytest
@pytest.fixture(scope="module")
def wide():
    pass
@pytest.mark.claude_budget(feature="x")
def test_sync(wide):
    assert ask().usage.output_tokens == 100
def test_async():
    assert asyncio.run(ask_async()).usage.output_tokens == 100
"""


SUITE_BY_HTTP = SUITE.replace("claude_double import REQUEST, answering", "http_double import REQUEST").replace(
    ").usage.output_tokens", ')["usage"]["output_tokens"]'
)
"""An interpreter that starts need not import the SDK as well."""
AT_THE_IMPORT = ("finding the owner", "hooking the client")
"""What a client's import takes hold of: to break it, that must be yet to come."""


@pytest.mark.parametrize(
    "stage", [pytest.param(stage, marks=pytest.mark.cold) if stage in AT_THE_IMPORT else stage for stage in STAGES]
)
def test_a_fault_of_ours_never_breaks_a_test_and_never_ends_within(suite: Suite, stage: str) -> None:
    """Measuring fails open, judging fails closed."""
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 1}\n")
    suite.write(conftest=BREAK.format(target=STAGES[stage]), test_a=SUITE_BY_HTTP if stage in AT_THE_IMPORT else SUITE)
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=2)
    if stage not in ("removing old ledgers", "laying out the table"):
        assert outcome.result.ret == pytest.ExitCode.TESTS_FAILED
    text = outcome.result.stdout.str() + outcome.result.stderr.str()
    assert "sk-ant-canary" not in text
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text


@pytest.mark.parametrize("stage", ["concluding", "adding up", "reading marks"])
def test_a_marker_alone_makes_a_fault_of_ours_fail_the_run(suite: Suite, stage: str, workers: int) -> None:
    """Somebody wrote a limit, so the run is judged, and judging fails closed without a budget file too."""
    suite.write(
        conftest=BREAK.format(target=STAGES[stage]),
        test_a="""
        import pytest
        from http_double import ask
        @pytest.mark.claude_budget(max_cost=1)
        def test_limited(): ask()
        """,
    )
    outcome = suite.run(workers=workers)
    outcome.result.assert_outcomes(passed=1)
    assert outcome.result.ret == pytest.ExitCode.TESTS_FAILED


@pytest.mark.parametrize("stage", ["concluding", "adding up"])
def test_without_any_limit_a_fault_of_ours_fails_nothing(suite: Suite, stage: str) -> None:
    """The run is unjudged, and the fault is still said."""
    suite.write(conftest=BREAK.format(target=STAGES[stage]), test_a=SUITE)
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=2)
    assert outcome.result.ret == pytest.ExitCode.OK
    assert "KeyError" in outcome.result.stdout.str()


def test_a_fault_in_the_middle_of_a_stream_lets_the_stream_pass(suite: Suite) -> None:
    """Bytes go on as if nothing was."""
    suite.budget("version: 1\n")
    target = "pytest_claude_budget.wire.sse.StreamReader.feed"
    suite.write(
        conftest=BREAK.format(target=target),
        test_a="""
        from claude_double import REQUEST, answering, httpx, stream_body
        def pieces():
            body = stream_body()
            for at in range(0, len(body), 40):
                yield body[at:at + 40]
        def test_stream():
            headers = {"content-type": "text/event-stream"}
            client = answering(lambda r: httpx.Response(200, headers=headers, content=pieces()))
            with client.messages.stream(**REQUEST) as stream:
                assert stream.get_final_text() == "Hello."
        """,
    )
    outcome = suite.run()
    outcome.result.assert_outcomes(passed=1)
    assert (outcome.result.ret, outcome.verdict) == (pytest.ExitCode.TESTS_FAILED, "incomplete")
    assert outcome.report["answers"]["unmeasured"] == 1


@pytest.mark.parametrize("obstacle", ["a file where the folder should be", "a full disk", "a disk that fills up"])
def test_a_ledger_that_cannot_be_written_warns_and_harms_nothing(suite: Suite, obstacle: str, workers: int) -> None:
    """The calls are known from memory, and the verdict is incomplete all the same."""
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 1}\n")
    suite.write(test_a=SUITE)
    options = []
    if obstacle == "a full disk":
        suite.write(conftest=FULL_DISK)
    elif obstacle == "a disk that fills up":
        suite.write(conftest=FILLED_DISK)
    else:
        (suite.path / "cache").write_text("in the way", encoding="utf-8")
        options = ["-o", "cache_dir=cache", "-W", "ignore"]
    outcome = suite.run(*options, workers=workers)
    outcome.result.assert_outcomes(passed=2)
    assert (outcome.result.ret, outcome.verdict) == (pytest.ExitCode.TESTS_FAILED, "incomplete")
    assert outcome.report["totals"]["cost"] == "0.003"
    assert "the ledger cannot be written" in outcome.result.stdout.str()


CHILD_DISK = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))"
IN_A_CHILD = {
    "a full disk": CHILD_DISK,
    "a full disk and a closed stderr": f"{CHILD_DISK}; sys.stderr.close()",
    "a full disk and no stderr": f"{CHILD_DISK}; sys.stderr = None",
    "a client that cannot be hooked": "import pytest_claude_budget.intercept.httpx_hooks as hooks; hooks.Hooks.wrap = None",
    "a folder that cannot be made": "",
}


@pytest.mark.parametrize("obstacle", IN_A_CHILD)
def test_a_child_that_cannot_store_its_calls_makes_the_run_incomplete(suite: Suite, obstacle: str) -> None:
    """It has the calls, and nobody to tell but by a sign; its own work goes on, also where its warning cannot be written.

    pytest captures stderr in a file, so on a full disk it cannot.
    """
    suite.budget("version: 1\nlimits:\n  - {scope: run, max_cost: 1}\n  - {scope: test, max_cost: 1}\n")
    options = []
    if obstacle == "a folder that cannot be made":
        (suite.path / "cache").write_text("in the way", encoding="utf-8")
        options = ["-o", "cache_dir=cache", "-W", "ignore"]
    suite.write(
        app=f'{IN_A_CHILD[obstacle]}\nfrom http_double import ask\nassert ask()["usage"]["output_tokens"] == 100\n',
        test_a="""
        import subprocess, sys
        def test_child(): subprocess.run([sys.executable, "app.py"], check=True)
        def test_nothing(): pass
        """,
    )
    outcome = suite.run(*options)
    outcome.result.assert_outcomes(passed=2)
    assert (outcome.result.ret, outcome.verdict) == (pytest.ExitCode.TESTS_FAILED, "incomplete")
    assert "a process of this run could not store its calls" in outcome.result.stdout.str()
    assert suite.run(*options, "-k", "nothing").verdict == "within"  # the next run has no fault of its own


FULL_DISK = """
import pytest, resource
@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
    try:
        return (yield)
    finally:  # else pytest itself could write nothing
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
"""
"""Room for a part of a line."""
FILLED_DISK = """
import resource
def pytest_configure(config):
    resource.setrlimit(resource.RLIMIT_FSIZE, (16_384, resource.RLIM_INFINITY))
"""
"""Room for the journals, and not for the ledger."""


def test_no_key_prompt_or_answer_is_in_any_file_that_a_run_leaves(suite: Suite, workers: int) -> None:
    """Canaries in the key, the headers, the system prompt, the messages, the answer and the errors."""
    suite.budget("version: 1\n")
    suite.write(
        test_a="""
        import anthropic, pytest
        from claude_double import answering, ask, client, httpx, message, stream_body
        P, A = "canary-" + "prompt", "canary-" + "answer"
        request = dict(model="claude-haiku-4-5", max_tokens=5, system=P, messages=[{"role": "user", "content": P}])
        def test_answer():
            text = [{"type": "text", "text": A}]
            client(content=text).messages.create(extra_headers={"x-secret": "canary-" + "header"}, **request)
        def test_odd_answers():
            for body in (A, '{"usage": "%s"}' % A, '{"usage": {"input_tokens": "%s"}}' % A, '{"type": "%s"}' % A):
                raw = answering(lambda r: httpx.Response(200, content=body, headers={"content-type": "text/plain"}))
                raw.messages.with_raw_response.create(**request)
        def test_error():
            error = {"type": "error", "error": {"type": "invalid_request_error", "message": A}}
            with pytest.raises(anthropic.BadRequestError):
                answering(lambda r: httpx.Response(400, json=error)).messages.create(**request)
        """
    )
    outcome = suite.run(workers=workers)
    outcome.result.assert_outcomes(passed=3)
    written = [path for path in suite.path.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert len(ledgers(suite.path)) == 1
    for path in written:
        data = path.read_bytes()
        for canary in (b"sk-ant-canary", b"canary-prompt", b"canary-answer", b"canary-header"):
            assert canary not in data, f"{canary!r} in {path}"
