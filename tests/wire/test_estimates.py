"""Tokens told from the length of a text: which tokenizer a model has."""

import pytest

from pytest_claude_budget.calls.token_estimates import tokens_of_text


@pytest.mark.parametrize(
    "model",
    [
        "claude-3-haiku-20240307",
        "claude-3-5-sonnet-v2@20241022",
        "claude-3-7-sonnet-latest",
        "claude-2.1",
        "claude-instant-1.2",
        "claude-opus-4-20250514",
        "claude-sonnet-4-0",
        "claude-sonnet-4@20250514",
        "claude-opus-4-1-20250805",
        "claude-haiku-4-5",
        "claude-haiku-4-5-20251001",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "claude-sonnet-4-6",
        "anthropic.claude-opus-4-6-v1",
        "anthropic/claude-sonnet-4.5",
        "claude-sonnet-4",
        "claude-sonnet-4-6[1m]",
    ],
)
def test_models_before_opus_4_7_have_the_older_tokenizer(model: str) -> None:
    """350 characters at 3.5 a token."""
    assert tokens_of_text(350, model) == 100


@pytest.mark.parametrize(
    "model",
    [
        "claude-opus-4-7",
        "anthropic/claude-opus-4.7",
        "claude-opus-4-8",
        "claude-opus-5",
        "claude-opus-5-5",
        "claude-sonnet-5",
        "claude-haiku-5-5",
        "claude-fable-5-2",
        "claude-mythos-5",
        "a-model-of-tomorrow",
        "",
        None,
    ],
)
def test_models_from_opus_4_7_on_have_the_newer_tokenizer(model: str | None) -> None:
    """350 characters at 2.5 a token; so does a model that is not known, since newer ones are."""
    assert tokens_of_text(350, model) == 140


@pytest.mark.parametrize(("characters", "tokens"), [(0, 0), (1, 0), (3, 0), (4, 1), (6, 1), (7, 2)])
def test_an_estimate_rounds_down(characters: int, tokens: int) -> None:
    """It stands in a lower bound."""
    assert tokens_of_text(characters, "claude-sonnet-4-6") == tokens
