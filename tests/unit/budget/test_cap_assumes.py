from pathlib import Path

import pytest

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.bounds.values import Assumptions
from pytest_claude_budget.budget.difference import Base, differences
from pytest_claude_budget.budget.limits import Budget
from pytest_claude_budget.files.budget_file import load_budget


def loaded(tmp_path: Path, text: str) -> Budget:
    path = tmp_path / "claude-budget.yml"
    path.write_text(f"version: 1\n{text}", encoding="utf-8")
    return load_budget(path, "claude-budget.yml")[0]


def test_nothing_is_assumed_unless_it_is_written(tmp_path: Path) -> None:
    assert loaded(tmp_path, "").cap_assumes.of("triage") == Assumptions()


def test_a_feature_takes_what_it_does_not_say_from_all_calls(tmp_path: Path) -> None:
    text = (
        "cap_assumes:\n  output_tokens: 4_000\n  features: {agent: {input_tokens: 50_000}, short: {output_tokens: 0}}\n"
    )
    assumes = loaded(tmp_path, text).cap_assumes
    assert assumes.of(None) == assumes.of("other") == Assumptions(output_tokens=4_000)
    assert assumes.of("agent") == Assumptions(output_tokens=4_000, input_tokens=50_000)
    assert assumes.of("short") == Assumptions(output_tokens=0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "cap_assumes: {output: 5}",
            "claude-budget.yml:2:15: cap_assumes.output: unknown key, expected one of output_tokens, input_tokens,",
        ),
        (
            "cap_assumes: {output_tokens: few}",
            "claude-budget.yml:2:30: cap_assumes.output_tokens: expected a whole number such as 4_000, got 'few'",
        ),
        (
            "cap_assumes: {features: {agent: {web_searches: -1}}}",
            "claude-budget.yml:2:48: cap_assumes.features.agent.web_searches: expected a whole number from 0 to 1,000,000,000",
        ),
        ("cap_assumes: 5", "claude-budget.yml:2:14: cap_assumes: expected a mapping with output_tokens, input_tokens"),
    ],
)
def test_what_it_cannot_be_is_told_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as error:
        loaded(tmp_path, text)
    assert said in str(error.value)


def test_a_change_of_what_is_assumed_is_told(tmp_path: Path) -> None:
    """It makes a cap hold less."""
    texts = ("cap_assumes: {output_tokens: 4_000}", "cap_assumes: {output_tokens: 400}")
    before, after = (loaded(tmp_path, text) for text in texts)
    assert differences(Base(budget=before), after) == ("cap_assumes differs",)
    assert differences(Base(budget=before), before) == ()
