"""A suite's real calls, through the SDK and two workers, to the levers of its report and its comment."""

from tests.plugin.conftest import Suite

SUITE = """
    import pytest
    from claude_double import answering, httpx, message
    MODEL = "claude-sonnet-4-5"
    TOOLS = [{"name": name, "input_schema": {"type": "object"}, "description": "What it does. " * 40} for name in ("read", "write")]

    def told(tokens, **more):
        usage = {"input_tokens": tokens, "output_tokens": 200}
        return lambda request: httpx.Response(200, json=message(model=MODEL, usage=usage, **more))

    def test_loop():
        "Three turns of 2,100, 3,100 and 4,100 tokens, whose answers call one tool of two."
        call = {"type": "tool_use", "id": "toolu_01234567890123456789", "name": "read", "input": {}}
        messages = [{"role": "user", "content": "Find it. " * 400}]
        for tokens in (2_100, 3_100, 4_100):
            asked = {"model": MODEL, "max_tokens": 500, "messages": messages, "tools": TOOLS}
            answering(told(tokens, content=[call], stop_reason="tool_use")).messages.create(**asked)
            result = {"type": "tool_result", "tool_use_id": call["id"], "content": "Nothing."}
            messages = [*messages, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]

    def test_cut():
        "Cut at 200 tokens, and asked for again with 400."
        for cap, stop in ((200, "max_tokens"), (400, "end_turn")):
            asked = {"model": MODEL, "max_tokens": cap, "messages": [{"role": "user", "content": "Tell me."}]}
            answering(told(1_000, stop_reason=stop)).messages.create(**asked)
"""
BUDGET = """
version: 1
features:
  agent: {tests: ["**::test_loop"], requests_per_month: 50_000}
"""


def test_what_would_cost_less_is_in_the_report_and_folded_away_in_the_comment(suite: Suite) -> None:
    """The loop: 2,100 x -0.75 + 3,100 x 3 - 2,000 x 0.3 - 1,100 x 3.75 + 4,100 x 3 - 3,000 x 0.3 - 1,100 x 3.75

    = 10,275 micro-dollars, 50,000 times a month $513.75. The cut answer: 1,000 x 3 + 200 x 15 = 6,000.
    """
    suite.write(test_a=SUITE)
    suite.budget(BUDGET)
    outcome = suite.run("--claude-budget-report=markdown:out.md", workers=2)
    outcome.result.assert_outcomes(passed=2)
    levers = {lever["kind"]: lever for lever in outcome.report["levers"]}
    assert set(levers) == {"conversation-uncached", "cut-answers", "unused-tools"}
    loop = levers["conversation-uncached"]
    assert loop["saving"] == {"low": "0.010275", "high": "0.010275"}
    assert [(month["scenario"], month["low"]) for month in loop["month"]] == [("average", "513.75")]
    assert loop["shown_by"] == [{"owner": "test_a.py::test_loop", "calls": 3}]
    assert levers["cut-answers"]["saving"] == {"low": "0.006", "high": "0.006"}
    assert "not tool 2 of the 2" in levers["unused-tools"]["text"]
    assert "What would cost less: 3 levers; the first saves $513.75 a month at average volume" in (
        suite.path / "out.md"
    ).read_text("utf-8")
