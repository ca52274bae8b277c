"""A bound is never below a plausible answer's price, and never lower for more."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.bounds.values import Assumptions
from pytest_claude_budget.calls.call import Answer, Status, Usage
from pytest_claude_budget.files.rates_file import packaged_rates
from pytest_claude_budget.pricing.price import price
from tests.unit.bounds.asking import DAY, MESSAGES, asking, bounded, question

MODELS = st.sampled_from(
    ["claude-haiku-4-5", "claude-sonnet-4-6", "claude-haiku-5-5", "claude-opus-5-5", "claude-fable-5-2"]
)
TEXTS = st.text(max_size=300) | st.builds(
    lambda text, times: text * times, st.text(min_size=1, max_size=3), st.integers(1, 60_000)
)
CONTROLS = st.sampled_from([None, {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}])
LIMITS = st.integers(0, 200_000)


@st.composite
def requests(draw: st.DrawFn) -> dict[str, Any]:
    asked = question(draw(TEXTS), draw(MODELS), max_tokens=draw(LIMITS))
    asked |= {"system": draw(TEXTS)} if draw(st.booleans()) else {}
    control = draw(CONTROLS)
    asked |= {"cache_control": control} if control else {}
    geo = draw(st.sampled_from([None, "us", "global"]))
    asked |= {"inference_geo": geo} if geo else {}
    uses = draw(st.none() | st.integers(0, 30))
    if uses is not None:
        asked["tools"] = [{"type": "web_search_20260318", "name": "web_search", "max_uses": uses}]
    if asked["model"] in ("claude-opus-5-5", "claude-fable-5-2") and draw(st.booleans()):
        asked["speed"] = "fast"
    return asked


def parts(draw: st.DrawFn, whole: int, kinds: list[str]) -> dict[str, int]:
    """Tokens, each of one of these kinds."""
    cuts = sorted(draw(st.lists(st.integers(0, whole), min_size=len(kinds) - 1, max_size=len(kinds) - 1)))
    return {kind: end - start for kind, start, end in zip(kinds, [0, *cuts], [*cuts, whole], strict=True)}


@st.composite
def exchanges(draw: st.DrawFn) -> tuple[dict[str, Any], Answer]:
    """A request and an answer that it may get: as many tokens as its texts have bytes at most, and a few that are hidden."""
    asked = draw(requests())
    texts = asked["messages"][0]["content"] + asked.get("system", "")
    kinds = ["input_tokens", "cache_read_input_tokens"]
    if "cache_control" in asked:
        kinds.append("cache_creation_5m_input_tokens")
        kinds += ["cache_creation_1h_input_tokens"] if "ttl" in asked["cache_control"] else []
    read = draw(
        st.integers(0, min(len(texts.encode()) + 100, 1_000_000 if "haiku-4-5" not in asked["model"] else 200_000))
    )
    searches = draw(st.integers(0, asked["tools"][0]["max_uses"])) if "tools" in asked else 0
    usage = Usage(
        output_tokens=draw(st.integers(0, asked["max_tokens"])),
        web_search_requests=searches,
        **parts(draw, read, kinds),
    )
    geo = asked.get("inference_geo") or draw(st.sampled_from([None, "us", "global", "not_available"]))
    return asked, Answer(
        status=Status.MEASURED,
        endpoint="messages",
        model=asked["model"],
        usage=usage,
        inference_geo=geo,
        speed=asked.get("speed") or draw(st.sampled_from([None, "standard"])),
    )


@settings(deadline=None)
@given(exchanges())
def test_no_plausible_answer_costs_more(exchange: tuple[dict[str, Any], Answer]) -> None:
    asked, answer = exchange
    cost = price(answer, DAY, packaged_rates()).amount
    assert cost is not None
    assert cost <= bounded(MESSAGES, asked).amount


@settings(deadline=None)
@given(requests(), TEXTS, LIMITS)
def test_more_text_and_longer_answers_never_lower_it(asked: dict[str, Any], more: str, longer: int) -> None:
    before = bounded(MESSAGES, asked).amount
    text = asked["messages"][0]["content"]
    more_text = {**asked, "messages": [{"role": "user", "content": text + more}]}
    one_more = {**asked, "messages": [*asked["messages"], {"role": "user", "content": more}]}
    for grown in (more_text, one_more, {**asked, "max_tokens": asked["max_tokens"] + longer}):
        assert before <= bounded(MESSAGES, grown).amount


PNG = "iVBORw0KGgoAAAANSUhEUgAAA+gAAAPoCAYAAAA="  # the head of one of 1,000 by 1,000
BLOCKS = st.sampled_from(
    [
        {"type": "text", "text": "é" * 1000},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
        {"type": "document", "source": {"type": "text", "data": "Hi"}, "citations": {"enabled": True}},
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "Hi"}]},
        {"type": "something_new"},
    ]
)
ASSUMED = st.builds(Assumptions, output_tokens=st.none() | LIMITS, input_tokens=st.none() | LIMITS)


@settings(deadline=None)
@given(requests(), st.lists(BLOCKS, max_size=4), BLOCKS, ASSUMED)
def test_one_more_block_never_lowers_it(
    asked: dict[str, Any], blocks: list[dict[str, Any]], more: dict[str, Any], assumptions: Assumptions
) -> None:
    text = {"type": "text", "text": asked["messages"][0]["content"]}
    before, after = (
        bounded(
            MESSAGES,
            {**asked, "messages": [{"role": "user", "content": [text, *each]}]},
            assumptions=assumptions,
        )
        for each in (blocks, [*blocks, more])
    )
    assert before.amount <= after.amount
    window = 200_000 if "haiku-4-5" in asked["model"] else 1_000_000
    rounds = 1 + max(10, asked["tools"][0]["max_uses"]) if "tools" in asked else 1
    assert (
        sum(line.count for line in after.lines if line.label.split(",")[0] not in ("output", "web searches"))
        <= window * rounds
    )


@settings(deadline=None)
@given(requests(), CONTROLS)
def test_asking_for_caches_never_lowers_it(asked: dict[str, Any], control: dict[str, str] | None) -> None:
    plain = {name: value for name, value in asked.items() if name != "cache_control"}
    assert bounded(MESSAGES, plain).amount <= bounded(MESSAGES, {**plain, "cache_control": control}).amount


@settings(deadline=None)
@given(st.lists(requests(), min_size=1, max_size=3))
def test_a_batch_is_bounded_by_its_requests(several: list[dict[str, Any]]) -> None:
    """Half of their sum at least, and never more than it."""
    slow = [{name: value for name, value in asked.items() if name != "speed"} for asked in several]
    batch = {"requests": [{"custom_id": str(at), "params": asked} for at, asked in enumerate(slow)]}
    whole = sum(bounded(MESSAGES, asked).amount for asked in slow)
    assert whole / 2 <= bounded(f"{MESSAGES}/batches", batch).amount <= whole


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "content", "source", "text", "data", "tools", "max_uses", "model"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [
        "messages",
        "system",
        "tools",
        "thinking",
        "fallbacks",
        "models",
        "mcp_servers",
        "context_management",
        "thread",
        "n",
        "requests",
    ]
)


@settings(deadline=None)
@given(
    st.dictionaries(FIELDS, JSON, max_size=5),
    st.sampled_from([MESSAGES, f"{MESSAGES}/batches", "/v1/chat/completions"]),
)
def test_whatever_a_request_holds_there_is_an_answer(fields: dict[str, Any], path: str) -> None:
    assert asking(path, json.dumps({"model": "claude-haiku-4-5", "messages": [], **fields}).encode()) is not None
