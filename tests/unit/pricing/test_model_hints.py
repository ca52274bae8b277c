"""Which model a misspelt name is said to mean: never one of another family or generation, whose price is another."""

import pytest

from pytest_claude_budget.pricing.model_hints import did_you_mean, meant_model
from tests.builders.priced import TABLE


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("claude-sonet-4-5", "claude-sonnet-4-5"),
        ("CLAUDE-SONNET-4-5", "claude-sonnet-4-5"),
        ("claude-sonnet-4-5-latest", "claude-sonnet-4-5"),
        ("claude-haiku-45", "claude-haiku-4-5"),
        ("claude-sonet-4-5-20250929", "claude-sonnet-4-5-20250929"),
        ("claude-sonnet-4-5-20250930", "claude-sonnet-4-5"),
        ("claude-45-sonnet", "claude-sonnet-4-5"),
        ("claude-sonnet-3-5", "claude-3-5-sonnet"),
        ("claude-opus-5-0", "claude-opus-5"),
        ("sonnet-4.5", "claude-sonnet-4-5"),
        ("claude_hiaku_4_5", "claude-haiku-4-5"),
        ("claude-mythos-previw", "claude-mythos-preview"),
        ("my-claude-sonnet-4-5", "claude-sonnet-4-5"),
        ("anthropic/claude-sonet-4.5", "anthropic/claude-sonnet-4.5"),
        ("claude-sonet-4-5@20250929", "claude-sonnet-4-5@20250929"),
        ("us.anthropic.claude-sonet-4-5-20250929-v1:0", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("bedrock/eu.anthropic.claude-haiku-45", "bedrock/eu.anthropic.claude-haiku-4-5"),
        ("claude-ops-4-8-fast", "claude-opus-4-8-fast"),
        ("our-gatway-sonnet", "our-gateway-sonnet"),
    ],
)
def test_a_hint_means_the_same_family_and_generation(misspelt: str, meant: str) -> None:
    """Region and fast mode are kept, since they have a price; aliases of the user's count."""
    table = TABLE.with_aliases({"our-gateway-sonnet": "claude-sonnet-4-6"})

    assert meant == meant_model(misspelt, table)
    assert table.find(meant) is not None
    assert f"did you mean {meant!r}?" == did_you_mean(misspelt, table)


@pytest.mark.parametrize(
    "name",
    [
        "claude-sonnet-4-7",  # there is 4-6, at its own price
        "claude-haiku-4-6",
        "claude-opus-9",
        "claude-sonnet",
        "gpt-5-5",
        "x",
        "",
        "claude-9\x1b[1m",
        "opus-or-sonnet-4-5",
        "us.antropic.claude-sonnet-4-5-20250929-v1:0",  # the bare name would leave out what the region costs
        "arn:aws:bedrock:us-east-1:1:application-inference-profile/sonnet-4-5",
        "claude-sonet-4-5" * 100,
    ],
)
def test_no_hint_leads_to_another_price(name: str) -> None:
    """None is better than a wrong one."""
    assert meant_model(name, TABLE) is None
    assert did_you_mean(name, TABLE) is None
