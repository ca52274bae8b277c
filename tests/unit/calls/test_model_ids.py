"""Every spelling of a model's id that the platforms use leads to the one that the rate table knows."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_claude_budget.calls.model_ids import ModelId, normalise

ARN = "arn:aws:bedrock:us-east-1:123456789012"


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("claude-sonnet-4-6", "claude-sonnet-4-6"),
        ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5-20250929"),
        ("claude-sonnet-4-6[1m]", "claude-sonnet-4-6"),
        ("claude-3-5-haiku-latest", "claude-3-5-haiku-latest"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5-20250929"),
        ("claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet-20241022"),
        ("claude-3-5-sonnet@20240620", "claude-3-5-sonnet-20240620"),
        ("claude-opus-4-6@default", "claude-opus-4-6"),
        ("publishers/anthropic/models/claude-opus-4-6", "claude-opus-4-6"),
        ("projects/p/locations/global/publishers/anthropic/models/claude-opus-4-6", "claude-opus-4-6"),
        ("vertex_ai/claude-sonnet-4-5@20250929", "claude-sonnet-4-5-20250929"),
        ("anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("openrouter/anthropic/claude-sonnet-4.5", "claude-sonnet-4-5"),
        ("claude-4-5-sonnet", "claude-sonnet-4-5"),
        ("anthropic/claude-4.5-sonnet-20250929", "claude-sonnet-4-5"),
        ("anthropic/claude-4.5-opus-20251124", "claude-opus-4-5"),
        ("anthropic/claude-4-sonnet-20250522:thinking", "claude-sonnet-4"),
        ("anthropic/claude-4.5-sonnet-x1", "claude-4-5-sonnet-x1"),
        ("anthropic/claude-3.5-sonnet", "claude-3-5-sonnet"),
        ("anthropic/claude-3.7-sonnet:thinking", "claude-3-7-sonnet"),
        ("anthropic/claude-3-haiku:beta", "claude-3-haiku"),
        ("global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("bedrock/global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        (f"{ARN}:inference-profile/global.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
    ],
)
def test_a_spelling_at_list_price_leads_to_the_id(spelled: str, expected: str) -> None:
    """First party, global endpoints of Bedrock and Vertex, OpenRouter, LiteLLM."""
    assert ModelId(name=expected) == normalise(spelled)


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("anthropic.claude-fable-5-2", "claude-fable-5-2"),
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0[1m]", "claude-sonnet-4-5-20250929"),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "claude-3-5-sonnet-20241022"),
        ("anthropic.claude-3-haiku-20240307-v1:0:200k", "claude-3-haiku-20240307"),
        ("eu.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("jp.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("au.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("apac.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("in.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("us-gov.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("bedrock/us-east-1/anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("bedrock/us-gov-west-1/anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        (f"{ARN}:inference-profile/us.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        (f"bedrock/{ARN}:inference-profile/us.anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
        ("projects/p/locations/europe-west1/publishers/anthropic/models/claude-opus-4-6", "claude-opus-4-6"),
    ],
)
def test_a_spelling_of_a_regional_endpoint_says_so(spelled: str, expected: str) -> None:
    """On Bedrock all but `global.`; on Vertex a location other than `global`."""
    assert ModelId(name=expected, regional=True) == normalise(spelled)


def test_a_spelling_may_name_fast_mode() -> None:
    """As OpenRouter does."""
    assert ModelId(name="claude-opus-4-6", fast=True) == normalise("anthropic/claude-opus-4.6-fast")


@pytest.mark.parametrize(
    "spelled",
    [
        f"{ARN}:application-inference-profile/a1b2c3",
        f"{ARN}:provisioned-model/a1b2c3",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/x",
        "arn:",
    ],
)
def test_what_only_the_account_knows_is_opaque(spelled: str) -> None:
    """The user's aliases must say which model it is."""
    assert ModelId(name=spelled, opaque=True) == normalise(spelled)


@pytest.mark.parametrize(
    "spelled",
    [
        "",
        "gpt-9",
        "ourcompany/claude-sonnet-4-6",
        "moon.anthropic.claude-opus-4-6-v1",
        "xanthropic.claude-opus-4-6-v1",
        "usanthropic.claude-opus-4-6-v1",
        "claude-opus-4-6-v1",
        "claude-sonnet-4-5@2025",
        "anthropic/claude-sonnet-4-6:online",
        "claude-söhnet-4-6",
        "CLAUDE-SONNET-4-6",
    ],
)
def test_an_id_that_is_not_understood_names_nothing_that_a_table_could_have(spelled: str) -> None:
    """It must not come near a real id: the price of another thing is no price."""
    meant = normalise(spelled)

    assert ModelId(name=spelled.removeprefix("anthropic/")) == meant


@given(st.text())
@example("arn:" * 100_000)
@example("anthropic." * 100)
@example("/" * 500)
@example("4." * 250)
@example("bedrock/" * 60 + "arn:")
def test_no_text_raises(spelled: str) -> None:
    """Model names come from servers."""
    assert isinstance(normalise(spelled).name, str)


@pytest.mark.parametrize("part", ["a", "anthropic.", "anthropic/", "arn:", "-v1", ":0", "4.5", "publishers/", "\ud800"])
def test_a_megabyte_comes_back_as_it_is(part: str) -> None:
    """Nothing looks through it for what a name may say."""
    megabyte = part * (1_000_000 // len(part))

    assert normalise(megabyte) == ModelId(name=megabyte)
