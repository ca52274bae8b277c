"""What is surely allowed is what the validator allows, of all that budgets and rates may say."""

import sys
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pytest_claude_budget.base.quick_schema import surely_allows
from pytest_claude_budget.base.schema_errors import validate
from pytest_claude_budget.base.yaml_document import parse_yaml
from pytest_claude_budget.files.read_write import schema

BUDGET = """\
version: 1
rates: {file: rates.yml, aliases: {our-gateway-sonnet: claude-sonnet-4-6}}
limits:
  - {scope: run, max_cost: 2.00, max_calls: 40, warn_at: 80%}
  - {scope: test, match: "tests/**", max_cost: 0.25, enforce: true}
  - {scope: feature, match: triage, max_input_tokens: 90_000}
changes:
  run: {max_increase: 10%, warn_increase: 5%, ignore_below: 0.01}
  test: {max_increase: 25%}
features:
  triage:
    tests: ["tests/triage/**"]
    requests_per_month: 10_000
    max_monthly_cost: 500
projection: {growth: {double: 2}, max_monthly_increase: 10%}
loopback: live
live_calls: deny
hard_cap: 5.00
on_incomplete: fail
may_be_unknown: ["tests/old/**"]
"""
OVERRIDES = """\
version: 1
as_of: 2026-11-23
models:
  our-model:
    rates:
      - {from: 2026-01-01, input: 3.00, output: 15.00, cache_write_5m: 3.75, cache_write_1h: 6.00, cache_read: 0.30}
"""
RATES = f"""\
{OVERRIDES}    released: 2026-01-01
    context_window: 200_000
    max_output: 64_000
source: https://prices.example/
currency: USD
unit: per 1,000,000 tokens
modifiers: {{batch: 0.5, web_search_per_1000: 10, session_per_hour: 0.08}}
"""
TEXTS = {"budget": BUDGET, "rates": RATES, "rates-overrides": OVERRIDES}
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 7, 10**13, Decimal("0.5"), Decimal(-2) / 3, "", "x", "80%", "0.25", "1", "run", "test", "2026-11-23",
    "x" * 300, [], ["x"], ["x"] * 2_000, [1], {}, {"scope": "run"}, {"x": "y"}, {"max_cost": 1, "scope": "tier"},
)  # fmt: skip
KEYS = (
    "scope",
    "match",
    "max_cost",
    "max_calls",
    "version",
    "limits",
    "features",
    "x",
    "",
    "tiers",
    "max_increase",
    "x" * 300,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Each mapping and list of a document with each of its keys."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    return [place for key, each in items for place in [(value, key), *places(each)]]


@pytest.mark.parametrize("name", TEXTS)
@given(data=st.data())
def test_nothing_is_allowed_but_what_the_validator_allows(name: str, data: st.DataObject) -> None:
    """And all of that: a document from which some was taken, with other things in its place."""
    rules, value = schema(name), deepcopy(parse_yaml(TEXTS[name], "a.yml").value)
    for _ in range(data.draw(st.integers(0, 3))):
        inside, key = data.draw(st.sampled_from(places(value) or [({}, "")]))
        what = data.draw(st.sampled_from(("replace", "remove", "add")))
        if what == "remove":
            inside.pop(key)
        elif what == "replace" or isinstance(inside, list):
            inside[key] = deepcopy(data.draw(st.sampled_from(VALUES)))
        else:
            inside[data.draw(st.sampled_from(KEYS))] = deepcopy(data.draw(st.sampled_from(VALUES)))
    assert surely_allows(rules, value) is Draft202012Validator(rules).is_valid(value)


@pytest.mark.parametrize(
    ("rules", "value"),
    [
        ({"patternProperties": {"a": True}}, {"a": 1}),
        ({"not": {"minContains": 1}}, []),
        ({"type": "decimal"}, 1),
        ({"type": "integer"}, 1.0),
        ({"minimum": 1}, Decimal("NaN")),
        ({"const": 1}, Decimal(1)),
        ({"const": 1.0}, 1),
        ({"enum": [True]}, True),
        ({"$ref": "#"}, 1),
        ({"$ref": "other.json#/a"}, 1),
        ({"$ref": "#/$defs/a"}, 1),
    ],
)
def test_what_is_not_known_is_not_allowed(rules: dict[str, Any], value: Any) -> None:
    """The validator is asked then: also where a rule that is not known stands behind a `not`."""
    assert not surely_allows(rules, value)
    assert not surely_allows({"not": rules}, value)


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_as_it_should_be_needs_no_validator(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes longer to import than all else of a budget file."""
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    assert validate(parse_yaml(TEXTS[name], "a.yml"), schema(name)) == []
    with pytest.raises(ImportError):
        validate(parse_yaml("version: 2", "a.yml"), schema(name))
