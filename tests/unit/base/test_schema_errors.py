"""What a person reads of a value that a schema does not allow."""

from typing import Any

import pytest

from pytest_claude_budget.base.schema_errors import validate
from pytest_claude_budget.base.yaml_document import parse_yaml
from pytest_claude_budget.files.read_write import schema

AMOUNT = "hint: write a number, for example max_cost: 0.25   [bad-amount]"
COUNT = "hint: write a whole number, for example max_calls: 5   [bad-count]"
PERCENTAGE = "hint: write it so, for example warn_at: 80%   [bad-percentage]"


LIMIT_KEYS = "scope, match, max_cost, max_spent, max_calls, max_input_tokens, max_output_tokens, max_tokens_total, max_attempts, warn_at, enforce"
NO_MEASURE = (
    "limits[0]: the limit limits nothing: expected at least one of max_cost, max_spent, max_calls, max_input_tokens, "
    "max_output_tokens, max_tokens_total, max_attempts\nhint: add a measure, for example max_cost: 0.25   [no-measure]"
)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("scope: run, max_cost: cheap", f"26: limits[0].max_cost: expected dollars such as 0.25, got 'cheap'\n{AMOUNT}"),
        ("scope: run, max_cost: true", f"26: limits[0].max_cost: expected dollars such as 0.25, got true\n{AMOUNT}"),
        ("scope: run, max_cost: NaN", f"26: limits[0].max_cost: expected dollars such as 0.25, got 'NaN'\n{AMOUNT}"),
        ("scope: run, max_cost: ~", f"26: limits[0].max_cost: expected dollars such as 0.25, got nothing\n{AMOUNT}"),
        ("scope: run, max_cost: [1]", f"26: limits[0].max_cost: expected dollars such as 0.25, got a list\n{AMOUNT}"),
        ("scope: run, max_cost: -1", f"26: limits[0].max_cost: expected dollars from 0 to 1,000,000, got -1\n{AMOUNT}"),
        ("scope: run, max_cost: '-1'",
         f"26: limits[0].max_cost: expected dollars from 0 to 1,000,000, got '-1'\n{AMOUNT}"),
        ("scope: run, max_cost: 1000000.01",
         f"26: limits[0].max_cost: expected dollars from 0 to 1,000,000, got 1000000.01\n{AMOUNT}"),
        ("scope: run, max_cost: '1000001'",
         f"26: limits[0].max_cost: expected dollars from 0 to 1,000,000, got '1000001'\n{AMOUNT}"),
        ("scope: run, max_calls: true", f"27: limits[0].max_calls: expected a whole number such as 5, got true\n{COUNT}"),
        ("scope: run, max_calls: 2.5", f"27: limits[0].max_calls: expected a whole number such as 5, got 2.5\n{COUNT}"),
        ("scope: run, max_calls: 010", f"27: limits[0].max_calls: expected a whole number such as 5, got '010'\n{COUNT}"),
        ("scope: run, max_calls: -1",
         f"27: limits[0].max_calls: expected a whole number from 0 to 1,000,000,000,000, got -1\n{COUNT}"),
        ("scope: run, max_calls: 1_000_000_000_001",
         f"27: limits[0].max_calls: expected a whole number from 0 to 1,000,000,000,000, got 1000000000001\n{COUNT}"),
        ("max_calls: 5, scope: run, warn_at: 0.8",
         f"39: limits[0].warn_at: expected a percentage from 1% to 100% such as 80%, got 0.8\n{PERCENTAGE}"),
        ("max_calls: 5, scope: run, warn_at: 101%",
         f"39: limits[0].warn_at: expected a percentage from 1% to 100% such as 80%, got '101%'\n{PERCENTAGE}"),
        ("max_calls: 5, scope: run, warn_at: 0%",
         f"39: limits[0].warn_at: expected a percentage from 1% to 100% such as 80%, got '0%'\n{PERCENTAGE}"),
        ("scope: test, warn_at: 80%", f"3: {NO_MEASURE}"),
        ("scope: test", f"3: {NO_MEASURE}"),
        ("scope: tests, max_calls: 5",
         "11: limits[0].scope: expected one of run, test, fixture, feature, tier, model, got 'tests'\n"
         "hint: did you mean 'test'?   [bad-value]"),
        ("scope: 5, max_calls: 5",
         "11: limits[0].scope: expected one of run, test, fixture, feature, tier, model, got 5\n"
         "hint: write it so, for example scope: test   [bad-value]"),
        ("max_calls: 5",
         "3: limits[0].scope: expected this key, which is missing\nhint: add it, for example scope: test   [missing-key]"),
        ("scope: run, match: a, max_calls: 5",
         "16: limits[0].match: a limit of scope run covers everything and takes no match\n"
         "hint: remove match, or write scope: test   [match-of-run]"),
        ("scope: test, match: '', max_calls: 5",
         "24: limits[0].match: expected a name or a pattern of at most 500 characters, got ''\n"
         'hint: write it so, for example match: "tests/rag/**"   [bad-value]'),
        ("scope: run, max_costs: 5",
         f"16: limits[0].max_costs: unknown key, expected one of {LIMIT_KEYS}\n"
         "hint: did you mean 'max_cost'?   [unknown-key]"),
        ("scope: run, Max-Calls: 5",
         f"16: limits[0].Max-Calls: unknown key, expected one of {LIMIT_KEYS}\n"
         "hint: did you mean 'max_calls'?   [unknown-key]"),
        ("scope: run, \"a\\n\\e[1m\": 5, max_calls: 1",
         f"16: limits[0]['a\\n\\x1b[1m']: unknown key, expected one of {LIMIT_KEYS}\n"
         "hint: remove the key   [unknown-key]"),
    ],
    ids=lambda part: None if "hint" in part else part,
)  # fmt: skip
def test_a_bad_limit_is_refused_at_its_place(entry: str, expected: str) -> None:
    """Line 3 of the file, and the column where the value stands."""
    text = f"version: 1\nlimits:\n- {{{entry}}}\n"
    problems = validate(parse_yaml(text, "claude-budget.yml"), schema("budget"))

    assert f"claude-budget.yml:3:{expected}" == "\n".join(str(problem) for problem in problems)


@pytest.mark.parametrize(
    ("key", "entry"),
    [
        ("run", "{scope: run, max_cost: 2.00}"),
        ("test", "{scope: test, max_cost: 0.05}"),
        ("tests", "{scope: test, max_cost: 0.05}"),
        ("fixture", "{scope: fixture, max_cost: 0.05}"),
        ("tier", "{scope: tier, max_cost: 0.50}"),
        ("model", '{scope: model, match: "claude-opus-*", max_cost: 0.50}'),
        ("max_cost", "{scope: run, max_cost: 2.00}"),
        ("max_calls", "{scope: test, max_calls: 5}"),
    ],
)
def test_a_limit_beside_the_list_of_limits_is_shown_where_it_belongs(key: str, entry: str) -> None:
    """The entry that is shown is one that the schema takes."""
    (problem,) = validate(parse_yaml(f"version: 1\n{key}: 5\n", "claude-budget.yml"), schema("budget"))
    assert str(problem).startswith(f"claude-budget.yml:2:1: {key}: unknown key, expected one of version, limits, ")
    said = "hint: limits stand in the list limits, for example:"
    assert str(problem).splitlines()[1:] == [said, "  limits:", f"    - {entry}   [unknown-key]"]
    shown = f"version: 1\nlimits:\n  - {entry}\n"
    assert validate(parse_yaml(shown, "claude-budget.yml"), schema("budget")) == []


@pytest.mark.parametrize(
    ("written", "key", "belongs"),
    [
        ("limits: [{scope: run, max_increase: 15%}]", "max_increase", "changes:\n    test: {max_increase: 25%}"),
        (
            "limits: [{scope: test, ignore_below: 1}]",
            "ignore_below",
            "changes:\n    test: {max_increase: 25%, ignore_below: 0.002}",
        ),
        ("limits: [{scope: run, max_monthly_cost: 5}]", "max_monthly_cost", "projection:\n    max_monthly_cost: 1500"),
        ("changes: {test: {max_cost: 0.05}}", "max_cost", "limits:\n    - {scope: run, max_cost: 2.00}"),
        ("max_increase: 15%", "max_increase", "changes:\n    test: {max_increase: 25%}"),
        ("max_monthly_increase: 15%", "max_monthly_increase", "projection:\n    max_monthly_increase: 10%"),
    ],
)
def test_a_limit_of_another_part_is_shown_where_it_belongs(written: str, key: str, belongs: str) -> None:
    """`max_increase` in the list of limits was taken for a misspelt `max_calls`."""
    problems = validate(parse_yaml(f"version: 1\n{written}\n", "claude-budget.yml"), schema("budget"))
    (said,) = [str(problem) for problem in problems if f"{key}: unknown key" in str(problem)]
    assert said.endswith(f" for example:\n  {belongs}   [unknown-key]")
    assert (
        validate(
            parse_yaml(f"version: 1\n{belongs}\n".replace("\n    ", "\n  "), "claude-budget.yml"), schema("budget")
        )
        == []
    )


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ({"type": "string"}, "[1]", "expected text, got a list"),
        ({"type": ["integer", "null"]}, "x", "expected a whole number or nothing, got 'x'"),
        ({"anyOf": [{"type": "string"}, {"type": "number"}]}, "true", "expected text or a number, got true"),
        ({"oneOf": [{"const": 1}, {"const": 2}]}, "3", "expected one of the forms that the schema describes, got 3"),
        ({"minimum": 2}, "1.5", "expected at least 2, got 1.5"),
        ({"exclusiveMaximum": 2}, "2", "expected less than 2, got 2"),
        ({"minItems": 1}, "[]", "expected a list of 1 or more, got a list"),
        ({"pattern": "^[a-z]+$"}, "A", "expected text of the form ^[a-z]+$, got 'A'"),
        ({"not": {}}, "A", "expected what the schema describes, got 'A'"),
    ],
)
def test_a_schema_without_words_of_its_own_is_still_told_plainly(
    rule: dict[str, Any], text: str, expected: str
) -> None:
    """For rate tables, lock files and whatever comes."""
    assert [expected] == [problem.what for problem in validate(parse_yaml(text, "a.yml"), rule)]
    (nested,) = validate(parse_yaml(f"a: {text}", "a.yml"), {"properties": {"a": rule}})
    assert f"a: {expected}" == nested.what
