"""The most that a request can cost. Sums are worked out by hand: text counts by the bytes of its JSON, 100 tokens are hidden."""

import gzip
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from pytest_claude_budget.base.money import ZERO
from pytest_claude_budget.bounds.bound import bound
from pytest_claude_budget.bounds.values import Assumptions, Bound, Request, Unbounded
from pytest_claude_budget.files.rates_file import packaged_rates
from pytest_claude_budget.wire.routes import Kind, Route, route
from tests.unit.bounds.asking import DAY, HAIKU, MESSAGES, SONNET, bounded, counts, question, unbounded

PLAIN = question()
TEXT = len('{"model":"claude-haiku-4-5","max_tokens":1000,"messages":[{"role":"user","content":"Hi"}]}')
"""90 bytes."""


def test_text_by_its_bytes_and_an_answer_by_all_that_it_is_allowed() -> None:
    """(90 + 100) * $1 + 1,000 * $5, for a million."""
    made = bounded(MESSAGES, PLAIN)
    assert {"text": TEXT, "hidden": 100, "output": 1000} == counts(made)
    assert TEXT == 90
    assert made.amount == Decimal("0.00519") == sum(line.amount for line in made.lines)
    assert made.model == "claude-haiku-4-5-20251001"


def test_a_body_that_is_packed_is_read() -> None:
    assert bounded(MESSAGES, gzip.compress(json.dumps(PLAIN).encode())).amount == Decimal("0.00519")


def test_an_account_may_be_billed_for_the_us_without_a_word_of_it_in_the_request() -> None:
    """((91 - 1) + 100) * $3 + 1,000 * $15, and 10% more: $0.01557 * 1.1; not where the request says global."""
    asked = question(model=SONNET)
    text = TEXT - len(HAIKU) + len(SONNET)
    assert bounded(MESSAGES, asked).amount == Decimal((text + 100) * 3 + 15_000) / 1_000_000 * Decimal("1.1")
    text += len(',"inference_geo":"global"')
    assert (
        bounded(MESSAGES, {**asked, "inference_geo": "global"}).amount == Decimal((text + 100) * 3 + 15_000) / 1_000_000
    )


@pytest.mark.parametrize(
    ("control", "rate"),
    [
        ({"type": "ephemeral"}, "1.25"),
        ({"type": "ephemeral", "ttl": "5m"}, "1.25"),
        ({"type": "ephemeral", "ttl": "1h"}, "2"),
    ],
)
def test_what_is_marked_for_the_cache_may_all_be_written_to_it(control: dict[str, str], rate: str) -> None:
    blocks = [{"type": "text", "text": "Hi", "cache_control": control}]
    in_messages = question(messages=[{"role": "user", "content": blocks}])
    for asked in (in_messages, question(cache_control=control), question(system=blocks)):
        (text, hidden, _) = bounded(MESSAGES, asked).lines
        assert text.rate == hidden.rate == Decimal(rate)


def test_a_user_who_writes_of_caches_writes_none() -> None:
    asked = question('my "cache_control" has "ttl": "1h"')
    assert bounded(MESSAGES, asked).lines[0].rate == 1


def test_no_prompt_is_longer_than_the_context_window() -> None:
    """200,000 * $1 + 1,000 * $5 for a million."""
    made = bounded(MESSAGES, question("x" * 300_000))
    assert {"input": 200_000, "output": 1000} == counts(made)
    assert made.amount == Decimal("0.205")


def test_a_long_prompt_costs_more_above_its_threshold_alone() -> None:
    """Haiku 5.5: above 100,000 tokens $0.50 and $2.50 rather than $0.10 and $0.50."""
    asked = question(model="claude-haiku-5-5", inference_geo="global")
    around = len(json.dumps(asked, separators=(",", ":"))) - len("Hi") + 100
    low = question("x" * (100_000 - around), model="claude-haiku-5-5", inference_geo="global")
    assert bounded(MESSAGES, low).amount == Decimal("0.0105")
    high = question("x" * (100_001 - around), model="claude-haiku-5-5", inference_geo="global")
    assert bounded(MESSAGES, high).amount == Decimal("0.0500005") + Decimal("0.0025")


def test_fast_mode_is_dearer() -> None:
    """Opus 5.5: $8 and $40 rather than $4 and $20."""
    made = bounded(MESSAGES, question(model="claude-opus-5-5", speed="fast"))
    assert [line.rate for line in made.lines] == [8, 8, 40]


def test_fast_mode_of_a_model_without_it_has_no_bound() -> None:
    assert (
        unbounded(MESSAGES, question(speed="fast")).reason
        == "'claude-haiku-4-5-20251001' has no fast rates on 2026-11-28"
    )


def test_a_model_without_rates_has_no_bound() -> None:
    found = unbounded(MESSAGES, question(model="claude-nova-9"))
    assert "no rates for model 'claude-nova-9'" in found.reason
    assert found.hint == "name its model in rates.aliases, or its rates in rates.file, of the budget file"
    assert found.evident


def test_without_a_limit_the_longest_answer_of_the_model_counts() -> None:
    asked = {"model": HAIKU, "messages": PLAIN["messages"]}
    assert counts(bounded(MESSAGES, asked))["output"] == 64_000
    for wrong in (None, True, "7", -1, 7.0):
        assert counts(bounded(MESSAGES, {**asked, "max_tokens": wrong}))["output"] == 64_000
    assert counts(bounded(MESSAGES, {**asked, "max_tokens": 0}))["output"] == 0


@pytest.mark.parametrize("name", ["thinking", "reasoning_config"])
def test_thinking_that_is_allowed_more_than_an_answer_may_fill_the_window(name: str) -> None:
    """As documented of thinking between calls of tools: the limit becomes the window. Else thinking is part of `max_tokens`."""
    for budget, output in ((999, 1_000), (1_000, 200_000), (5_000, 200_000)):
        thinking = {name: {"type": "enabled", "budget_tokens": budget}}
        asked = question(**thinking)
        assert counts(bounded(MESSAGES, asked))["output"] == output
        plain = {"messages": asked["messages"], "inferenceConfig": {"maxTokens": 1_000}}
        path = "/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/converse"
        assert counts(bounded(path, {**plain, "additionalModelRequestFields": thinking}))["output"] == output
    made = bounded(MESSAGES, asked, assumptions=Assumptions(output_tokens=3_000))
    assert counts(made)["output"] == 3_000
    larger = bounded(MESSAGES, {**asked, "model": f"{HAIKU}[1m]"})
    assert counts(larger)["output"] == 1_000_000


def test_an_answer_that_nothing_is_known_to_end_has_no_bound() -> None:
    rates = packaged_rates()
    model = rates.find(HAIKU)
    assert model is not None
    unknown = replace(model, context_window=None, max_output=None)
    rates = replace(rates, models={**rates.models, model.name: unknown})
    thinking, where = {"type": "enabled", "budget_tokens": 1_000}, route("POST", MESSAGES, None, from_sdk=True)
    assert where is not None
    for asked in (question(max_tokens=None), question(thinking=thinking)):
        found = bound(Request(route=where, body=json.dumps(asked).encode()), rates, DAY)
        assert isinstance(found, Unbounded)
        assert "no max_tokens that holds, and the longest answer of claude-haiku-4-5" in found.reason


def test_tools_and_the_form_of_an_answer_have_an_allowance() -> None:
    tool = {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}}
    assert counts(bounded(MESSAGES, question(tools=[tool])))["hidden"] == 100 + 1_000
    named = {"type": "bash_20250124", "name": "bash"}
    assert counts(bounded(MESSAGES, question(tools=[tool, named])))["hidden"] == 100 + 1_000 + 3_000
    assert counts(bounded(MESSAGES, question(output_config={"format": {}})))["hidden"] == 100 + 1_000


def test_a_tool_that_a_message_brings_is_one() -> None:
    """One of 314 bytes was seen to be 379 tokens."""
    for definition in ({"name": "look", "input_schema": {}}, None):
        tool = {"type": "tool_definition", "definition": definition}
        asked = question(messages=[{"role": "system", "content": [{"type": "tool_addition", "tool": tool}]}])
        assert counts(bounded(MESSAGES, asked))["hidden"] == 100 + 1_000
    server = {"type": "tool_definition", "definition": {"type": "web_fetch_20250910", "name": "web_fetch"}}
    asked = question(messages=[{"role": "system", "content": [{"type": "tool_addition", "tool": server}]}])
    assert counts(bounded(MESSAGES, asked))["input"] == 11 * 200_000


@pytest.mark.parametrize(
    "block",
    [
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
        {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "container_upload", "file_id": "file_1"},
        {"type": "something_new", "id": "x"},
        {"type": "web_search_tool_result", "content": [{"type": "web_search_result", "encrypted_content": "x"}]},
        {"type": "tool_result", "content": [{"type": "document", "source": {"type": "url", "url": "u"}}]},
    ],
)
def test_what_has_no_size_in_the_request_may_fill_the_window(block: dict[str, Any]) -> None:
    made = bounded(MESSAGES, question(messages=[{"role": "user", "content": [block]}]))
    assert sum(line.count for line in made.lines if line.label != "output") == 200_000
    assert "input that is not told" in counts(made)


def test_a_text_that_says_what_it_is_not_counts_as_text() -> None:
    """A tool's input may look like an image; the model reads it all."""
    inner = {"type": "image", "source": {"type": "base64", "data": "A" * 5_000}}
    call = {"type": "tool_use", "id": "t", "name": "n", "input": inner}
    made = bounded(MESSAGES, question(messages=[{"role": "assistant", "content": [call]}]))
    assert counts(made)["text"] > 5_000
    assert "images" not in counts(made)


def test_server_tools_may_read_the_window_again_and_again() -> None:
    """At most 1 + 10 rounds: 11 * 200,000 * $1, 11 * 1,000 * $5 and 3 searches at $10 a thousand."""
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    made = bounded(MESSAGES, question(tools=[search]))
    assert {"input": 2_200_000, "output": 11_000, "web searches": 3} == counts(made)
    assert made.amount == Decimal("2.2") + Decimal("0.055") + Decimal("0.03")


def test_more_uses_than_the_servers_rounds_are_rounds_of_their_own() -> None:
    fetch = {"type": "web_fetch_20250910", "name": "web_fetch", "max_uses": 20}
    assert counts(bounded(MESSAGES, question(tools=[fetch])))["input"] == 21 * 200_000


@pytest.mark.parametrize(
    "others",
    [
        {"mcp_servers": [{"type": "url", "url": "https://example.com", "name": "x"}]},
        {"tools": [{"type": "code_execution_20250825", "name": "code_execution"}]},
        {"tools": [{"type": "something_new_20270101", "name": "new"}]},
    ],
)
def test_other_tools_of_the_server_read_again_too(others: dict[str, Any]) -> None:
    assert counts(bounded(MESSAGES, question(**others)))["input"] == 11 * 200_000


def test_what_code_execution_costs_by_the_hour_is_not_in_it() -> None:
    made = bounded(MESSAGES, question(tools=[{"type": "code_execution_20250825", "name": "code_execution"}]))
    assert made.notes == ("code execution is billed by the hour of its container: not in the bound",)


def test_searches_without_a_limit_have_no_bound() -> None:
    found = unbounded(MESSAGES, question(tools=[{"type": "web_search_20250305", "name": "web_search"}]))
    assert found.reason == "it may search the web without limit"
    assert found.hint.startswith("give the tool max_uses")


def test_what_a_user_assumes_takes_the_place_of_what_is_not_known() -> None:
    """Text, 100 + 1,000 + 3,000 hidden and 20,000 assumed at $1; 2,000 at $5; 5 searches at $0.01."""
    asked = question(max_tokens=32_000, tools=[{"type": "web_search_20250305", "name": "web_search"}])
    assumed = Assumptions(input_tokens=20_000, output_tokens=2_000, web_searches=5)
    made = bounded(MESSAGES, asked, assumptions=assumed)
    text = len(json.dumps(asked, separators=(",", ":")))
    assert made.amount == Decimal(text + 4_100 + 20_000 + 10_000) / 1_000_000 + Decimal("0.05")
    assert made.assumed == (
        "it reads at most 20,000 tokens besides its own: what the server's tools read",
        "its answer has at most 2,000 tokens, where 352,000 are allowed",
        "it searches the web at most 5 times",
    )


def test_an_assumption_that_says_no_less_than_the_request_is_not_needed() -> None:
    made = bounded(MESSAGES, PLAIN, assumptions=Assumptions(output_tokens=1_000, input_tokens=5, web_searches=5))
    assert made == bounded(MESSAGES, PLAIN)
    assert made.assumed == ()


def test_an_assumed_input_fills_no_more_than_the_window() -> None:
    pdf = {"type": "document", "source": {"type": "base64", "data": ""}}
    asked = question(messages=[{"role": "user", "content": [pdf]}])
    made = bounded(MESSAGES, asked, assumptions=Assumptions(input_tokens=10**9))
    assert sum(line.count for line in made.lines if line.label != "output") == 200_000


def test_no_assumption_makes_a_prompt_longer_than_the_window() -> None:
    pdf = {"type": "document", "source": {"type": "base64", "data": ""}}
    asked = question(messages=[{"role": "user", "content": [{"type": "text", "text": "x" * 300_000}, pdf]}])
    made = bounded(MESSAGES, asked, assumptions=Assumptions(input_tokens=5_000))
    assert counts(made) == {"input": 200_000, "output": 1000}
    assert made.assumed == ()


def test_compaction_reads_once_more_and_writes_a_summary() -> None:
    edits = {"edits": [{"type": "compact_20260112"}]}
    made = bounded(MESSAGES, question(context_management=edits))
    text = len(json.dumps(question(context_management=edits), separators=(",", ":")))
    assert counts(made) == {
        "text": text,
        "hidden": 1_100,
        "output": 1000,
        "compaction, input": text + 1_100,
        "compaction, output": 64_000,
    }
    assert "compaction, input" not in counts(bounded(MESSAGES, question(context_management={"edits": []})))


def test_every_fallback_may_be_billed() -> None:
    """Opus 4.7 reads what Haiku has read, and writes its own 500 tokens at $25, 10% more in the US."""
    made = bounded(MESSAGES, question(fallbacks=[{"model": "claude-opus-4-7", "max_tokens": 500}]))
    written = made.lines[-1]
    assert (written.label, written.count, written.amount) == (
        "fallback claude-opus-4-7, output",
        500,
        Decimal("0.01375"),
    )
    assert unbounded(MESSAGES, question(fallbacks="default")).hint == "list them in fallbacks, or leave it out"


def test_a_fallback_of_a_fast_request_is_fast_where_its_model_can_be() -> None:
    """What an entry leaves out is as the request has it: Fable 5.2 writes at $80 in fast mode, Haiku 4.5 has none and writes at $5."""
    others = [{"model": "claude-fable-5-2"}, {"model": HAIKU}]
    made = bounded(MESSAGES, question(model="claude-opus-5-5", speed="fast", fallbacks=others))
    written = {line.label: line.rate for line in made.lines if "output" in line.label}
    assert written == {
        "output, fast": 40,
        "fallback claude-fable-5-2, output, fast": 80,
        "fallback claude-haiku-4-5-20251001, output": 5,
    }


def test_an_advisor_reads_its_own_window_at_each_use() -> None:
    """2 uses of Opus 4.7: 2 * 1,000,000 * $5 + 2 * 700 * $25, and 10% more in the US."""
    tool = {"type": "advisor_20260301", "name": "advisor", "model": "claude-opus-4-7", "max_uses": 2, "max_tokens": 700}
    made = bounded(MESSAGES, question(tools=[tool]))
    both = [line.amount for line in made.lines if line.label.startswith("advisor")]
    assert both == [Decimal(11), Decimal("0.0385")]
    found = unbounded(MESSAGES, question(tools=[{**tool, "max_uses": None}]))
    assert found.reason == "its advisor claude-opus-4-7 may be asked without limit"


@pytest.mark.parametrize(
    "others", [{"thread": {"type": "continue", "previous_message_id": "msg_1"}}, {"previous_response_id": "resp_1"}]
)
def test_a_conversation_that_the_server_keeps_may_fill_the_window(others: dict[str, Any]) -> None:
    assert "input that is not told" in counts(bounded(MESSAGES, question(**others)))


def test_a_thread_that_begins_holds_no_more_than_is_sent() -> None:
    assert "input that is not told" not in counts(bounded(MESSAGES, question(thread={"type": "create"})))


def test_a_window_may_be_asked_to_be_larger() -> None:
    long = question("x" * 300_000)
    assert counts(bounded(MESSAGES, long, betas="anthropic,context-1m-2025-08-07"))["text"] > 300_000
    assert counts(bounded(MESSAGES, question("x" * 300_000, model=f"{HAIKU}[1m]")))["text"] > 300_000


def test_older_and_other_names_of_a_limit_count() -> None:
    path = "/model/global.anthropic.claude-haiku-4-5-20251001-v1%3A0"
    old = {"anthropic_version": "bedrock-2023-05-31", "prompt": "Hi", "max_tokens_to_sample": 70}
    assert counts(bounded(f"{path}/invoke", old))["output"] == 70
    fields = {"inferenceConfig": {"maxTokens": 70}, "additionalModelRequestFields": {"max_tokens": 90}}
    assert counts(bounded(f"{path}/converse", {"messages": [], **fields}))["output"] == 90


def test_a_batch_costs_half_for_all_its_requests_but_never_for_searches() -> None:
    """Each request: (text + 100) * $1 + 1,000 * $5, at half; the batch's own names and ids are not read by a model."""
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 4}
    one, two = PLAIN, question(tools=[search])
    requests = [{"custom_id": str(at), "params": each} for at, each in enumerate((one, one, two))]
    made = bounded(f"{MESSAGES}/batches", {"requests": requests})
    searching = bounded(MESSAGES, two).amount - Decimal("0.04")
    assert made.amount == Decimal("0.00519") + searching / 2 + Decimal("0.04")
    assert made.lines[0].count == 2 * TEXT
    assert made.model == "claude-haiku-4-5-20251001"


@pytest.mark.parametrize(
    "value", [{"requests": [], "params": 1}, {"requests": [{"params": []}]}, {"requests": {"params": {}}}]
)
def test_what_is_no_batch_has_no_bound(value: object) -> None:
    assert unbounded(f"{MESSAGES}/batches", value).reason == "it is no batch that can be read"


def test_counting_tokens_and_reading_results_cost_nothing() -> None:
    assert bounded(f"{MESSAGES}/count_tokens", PLAIN).amount == ZERO
    results = Route(kind=Kind.BATCH_RESULTS, batch_id="b")
    assert bound(Request(route=results, body=None), packaged_rates(), DAY) == Bound(amount=ZERO)


def test_reading_a_session_costs_nothing_and_what_makes_it_work_has_no_bound() -> None:
    read = route("GET", "/v1/sessions/sesn_1/events", None, from_sdk=True)
    assert read is not None
    assert bound(Request(route=read, body=None), packaged_rates(), DAY) == Bound(amount=ZERO)
    for path in ("/v1/sessions", "/v1/sessions/sesn_1/events"):
        reason = unbounded(path, {"agent": "agent_1", "events": []}, betas="anthropic").reason
        assert reason == "a session of Managed Agents works on by itself, and nothing limits what it uses"


def test_what_is_not_read_has_no_bound() -> None:
    found = unbounded("/v1/complete", {"model": "claude-2.1", "prompt": "Hi", "max_tokens_to_sample": 5})
    assert found.reason == "the legacy text completions API states no usage"


@pytest.mark.parametrize("body", [None, b"", b"[1]", b"{", b'"\xff"', b"[" * 100_000])
def test_a_body_that_cannot_be_read_has_no_bound(body: bytes | None) -> None:
    made = bound(Request(route=Route(kind=Kind.MESSAGES), body=body), packaged_rates(), DAY)
    assert isinstance(made, Unbounded)
    assert made.hint == "send it as JSON that is there before it is sent, not as a stream that is made on the way"


def test_vertex_names_its_model_and_region_in_the_path() -> None:
    """10% more at a regional endpoint, none at the global one; the account's own region is no matter there."""
    asked = {"anthropic_version": "vertex-2023-10-16", **question()}
    del asked["model"]
    path = "/v1/projects/p/locations/{}/publishers/anthropic/models/claude-sonnet-4-6:rawPredict"
    plain = bounded(path.format("global"), asked).amount
    text = len(json.dumps(asked, separators=(",", ":")))
    assert plain == Decimal((text + 100) * 3 + 15_000) / 1_000_000
    assert bounded(path.format("us-east5"), asked).amount == plain * Decimal("1.1")


def test_bedrock_by_its_model_in_the_path() -> None:
    asked = {"anthropic_version": "bedrock-2023-05-31", **question()}
    del asked["model"]
    plain = bounded("/model/global.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke", asked).amount
    text = len(json.dumps(asked, separators=(",", ":")))
    assert plain == Decimal(text + 100 + 5_000) / 1_000_000
    assert bounded("/model/us.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke", asked).amount == plain * Decimal(
        "1.1"
    )


def test_a_profile_of_the_users_may_lead_to_a_region() -> None:
    arn = "arn:aws:bedrock:us-east-1:1:application-inference-profile/x1"
    asked = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 1000, "messages": PLAIN["messages"]}
    body = json.dumps(asked).encode()
    found = route("POST", f"/model/{arn}/invoke", body, from_sdk=False)
    assert found is not None
    made = bound(Request(route=found, body=body), packaged_rates().with_aliases({arn: HAIKU}), DAY)
    assert isinstance(made, Bound)
    assert made.lines[0].factors == (("regional", Decimal("1.1")),)


def test_converse_has_its_limit_in_a_place_of_its_own() -> None:
    asked = {
        "messages": [{"role": "user", "content": [{"text": "Hi"}, {"cachePoint": {"type": "default", "ttl": "1h"}}]}],
        "inferenceConfig": {"maxTokens": 500},
    }
    made = bounded("/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/converse", asked)
    assert counts(made)["output"] == 500
    assert made.lines[0].rate == 2


def test_converses_tools_run_at_the_sender() -> None:
    tools = [{"toolSpec": {"name": "look", "inputSchema": {"json": {}}}}, {"cachePoint": {"type": "default"}}]
    asked = {"messages": [{"role": "user", "content": [{"text": "Hi"}]}], "toolConfig": {"tools": tools}}
    made = bounded("/model/anthropic.claude-haiku-4-5-20251001-v1%3A0/converse", asked)
    assert counts(made)["output"] == 64_000
    assert counts(made)["hidden, written to the cache"] == 1_100


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_chat_completions_may_ask_for_several_answers(name: str) -> None:
    asked = {"model": "anthropic/claude-haiku-4.5", name: 700, "n": 3, "messages": PLAIN["messages"]}
    made = bounded("/v1/chat/completions", asked)
    text = len(json.dumps(asked, separators=(",", ":")))
    assert counts(made) == {
        "text, written to the cache": 3 * text,
        "hidden, written to the cache": 300,
        "output": 2_100,
    }
    # a gateway may mark caches, and may pass it on to a region
    assert (made.lines[0].rate, made.lines[0].factors) == (Decimal("1.25"), (("regional", Decimal("1.1")),))


def test_responses_keep_their_input_apart() -> None:
    parts = [{"type": "input_text", "text": "Hi"}, {"type": "input_image", "image_url": "data:image/png;base64,AA"}]
    asked = {"model": HAIKU, "max_output_tokens": 300, "input": [{"role": "user", "content": parts}]}
    made = bounded("/v1/responses", asked)
    assert counts(made)["output"] == 300
    assert counts(made)["images, written to the cache"] == 1_600


@pytest.mark.parametrize("more", [{"web_search_options": {}}, {"plugins": [{"id": "web"}]}])
def test_searches_of_a_gateway_have_no_bound(more: dict[str, Any]) -> None:
    found = unbounded("/v1/chat/completions", {**question(), **more})
    assert found.reason == "it may search the web without limit"


def test_models_of_a_gateway_may_answer_one_after_the_other() -> None:
    made = bounded("/v1/chat/completions", question(models=["claude-opus-4-7"]))
    assert "fallback claude-opus-4-7, output" in counts(made)


def test_what_may_be_another_makers_is_told_apart() -> None:
    found = unbounded("/v1/chat/completions", question(model="gpt-7"))
    assert not found.evident
