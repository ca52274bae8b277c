"""The rate table is whole, dated and sourced, and never takes one model for another."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.base.schema_errors import validate
from pytest_claude_budget.base.yaml_document import parse_yaml
from pytest_claude_budget.files.read_write import load_rates_document, package_data, read_yaml, schema
from pytest_claude_budget.pricing.rates import CELLS, Model, RateTable, parse_rates
from tests.builders.packaged_rates import RATES_JSON, made_from_yaml

TABLE = parse_rates(load_rates_document())
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/a1b2c3"

# The rows of the published page on 2026-11-23, typed from it and not from the file:
# input, 5-minute write, 1-hour write, read, output.
PUBLISHED = {
    "claude-fable-5-2": "8 10 16 0.20 40",
    "claude-mythos-5-2": "8 10 16 0.20 40",
    "claude-fable-5-1": "10 12.50 20 0.25 50",
    "claude-mythos-5-1": "10 12.50 20 0.25 50",
    "claude-fable-5": "10 12.50 20 1 50",
    "claude-mythos-5": "10 12.50 20 1 50",
    "claude-mythos-preview": "25 31.25 50 2.50 125",
    "claude-opus-5-5": "4 5 8 0.20 20",
    "claude-opus-5": "5 6.25 10 0.50 25",
    "claude-opus-4-8": "5 6.25 10 0.50 25",
    "claude-opus-4-7": "5 6.25 10 0.50 25",
    "claude-opus-4-6": "5 6.25 10 0.50 25",
    "claude-opus-4-5-20251101": "5 6.25 10 0.50 25",
    "claude-sonnet-5-5": "2 2.50 4 0.10 10",
    "claude-sonnet-5": "2 2.50 4 0.20 10",
    "claude-sonnet-4-6": "3 3.75 6 0.30 15",
    "claude-sonnet-4-5-20250929": "3 3.75 6 0.30 15",
    "claude-haiku-5-5": "0.10 0.125 0.20 0.01 0.50",
    "claude-haiku-4-5-20251001": "1 1.25 2 0.10 5",
    "claude-opus-4-1-20250805": "15 18.75 30 1.50 75",
    "claude-opus-4-20250514": "15 18.75 30 1.50 75",
    "claude-sonnet-4-20250514": "3 3.75 6 0.30 15",
    "claude-3-7-sonnet-20250219": "3 3.75 6 0.30 15",
    "claude-3-5-sonnet-20241022": "3 3.75 6 0.30 15",
    "claude-3-5-sonnet-20240620": "3 3.75 6 0.30 15",
    "claude-3-5-haiku-20241022": "0.80 1 1.60 0.08 4",
    "claude-3-opus-20240229": "15 18.75 30 1.50 75",
    "claude-3-haiku-20240307": "0.25 0.30 0.50 0.03 1.25",
}
NO_US_PREMIUM = {
    "claude-opus-4-5-20251101",
    "claude-sonnet-4-5-20250929",
    "claude-haiku-4-5-20251001",
    "claude-opus-4-1-20250805",
    "claude-opus-4-20250514",
    "claude-sonnet-4-20250514",
    "claude-3-7-sonnet-20250219",
    "claude-3-5-sonnet-20241022",
    "claude-3-5-sonnet-20240620",
    "claude-3-5-haiku-20241022",
    "claude-3-opus-20240229",
    "claude-3-haiku-20240307",
}
OF_4_5 = {"claude-opus-4-5-20251101", "claude-sonnet-4-5-20250929", "claude-haiku-4-5-20251001"}


def rates_on(name: str, day: str, *, fast: bool = False, long: bool = False) -> str | None:
    """The cells of a row as they are printed on a price list."""
    row = TABLE.models[name].row(date.fromisoformat(day), fast=fast)
    if row is None or (long and row.long_prompt is None):
        return None
    cells = row.long_prompt.rates if long and row.long_prompt else row.rates
    return " ".join(f"{getattr(cells, cell).normalize():f}" for cell in CELLS)


def overrides(text: str) -> dict[str, Any]:
    """A user's rate file, as it is after validation."""
    document = parse_yaml(text, "r.yml")
    assert validate(document, schema("rates-overrides")) == []
    return dict(document.value)


def found(model: str, table: RateTable = TABLE) -> str | None:
    model_ = table.find(model)
    return None if model_ is None else model_.name


def test_the_table_obeys_its_schema() -> None:
    """And says when and where it was checked."""
    document = read_yaml(package_data("rates.yml"), "rates.yml")

    assert [] == validate(document, schema("rates"))
    assert date(2026, 11, 23) == TABLE.as_of
    assert "https://platform.claude.com/docs/en/about-claude/pricing" == TABLE.source
    assert (Decimal("0.5"), Decimal(10)) == (TABLE.batch, TABLE.web_search_per_1000)
    assert Decimal("0.08") == TABLE.session_per_hour


def test_the_table_that_runs_read_is_the_one_that_people_write() -> None:
    """After a change of `rates.yml`, `make rates` writes `rates.generated.json`: the same values, to the last digit."""
    written = read_yaml(package_data("rates.yml"), "rates.yml").value

    assert made_from_yaml() == RATES_JSON.read_text(encoding="utf-8")
    assert repr(written) == repr(load_rates_document())


def test_the_table_has_the_published_rates_of_today() -> None:
    """All 28 models, each cell."""
    expected = {
        name: " ".join(f"{Decimal(cell).normalize():f}" for cell in row.split()) for name, row in PUBLISHED.items()
    }

    assert expected == {name: rates_on(name, "2026-11-23") for name in TABLE.models}


@pytest.mark.parametrize(
    ("name", "day", "expected"),
    [
        ("claude-fable-5-2", "2026-11-23", "16 20 32 0.4 80"),
        ("claude-mythos-5-2", "2026-11-23", "16 20 32 0.4 80"),
        ("claude-opus-5-5", "2026-11-23", "8 10 16 0.4 40"),
        ("claude-opus-5", "2026-11-23", "10 12.5 20 1 50"),
        ("claude-opus-4-8", "2026-11-29", "10 12.5 20 1 50"),
        ("claude-opus-4-8", "2026-11-30", None),
        ("claude-opus-4-7", "2026-05-11", None),
        ("claude-opus-4-7", "2026-05-12", "30 37.5 60 3 150"),
        ("claude-opus-4-7", "2026-07-23", "30 37.5 60 3 150"),
        ("claude-opus-4-7", "2026-07-24", None),
        ("claude-opus-4-6", "2026-02-06", None),
        ("claude-opus-4-6", "2026-02-07", "30 37.5 60 3 150"),
        ("claude-opus-4-6", "2026-06-28", "30 37.5 60 3 150"),
        ("claude-opus-4-6", "2026-06-29", None),
        ("claude-sonnet-5-5", "2026-11-23", None),
    ],
)
def test_fast_mode_has_rates_of_its_own_on_its_days(name: str, day: str, expected: str | None) -> None:
    """From the day it came until the day before it went."""
    assert expected == rates_on(name, day, fast=True)


@pytest.mark.parametrize(
    ("name", "day", "fast", "threshold", "expected"),
    [
        ("claude-haiku-5-5", "2026-10-07", False, 100_000, "0.5 0.625 1 0.05 2.5"),
        ("claude-opus-4-6", "2026-03-12", False, 200_000, "10 12.5 20 1 37.5"),
        ("claude-opus-4-6", "2026-02-19", True, 200_000, "60 75 120 6 225"),
        ("claude-sonnet-4-6", "2026-03-12", False, 200_000, "6 7.5 12 0.6 22.5"),
        ("claude-sonnet-4-5-20250929", "2026-04-29", False, 200_000, "6 7.5 12 0.6 22.5"),
        ("claude-sonnet-4-20250514", "2025-08-12", False, 200_000, "6 7.5 12 0.6 22.5"),
    ],
)
def test_long_prompts_have_rates_of_their_own(name: str, day: str, fast: bool, threshold: int, expected: str) -> None:
    """On the last or the first day of each."""
    row = TABLE.models[name].row(date.fromisoformat(day), fast=fast)

    assert row is not None
    assert row.long_prompt is not None
    assert threshold == row.long_prompt.threshold_tokens
    assert expected == rates_on(name, day, fast=fast, long=True)


@pytest.mark.parametrize(
    ("name", "day", "fast"),
    [
        ("claude-opus-4-6", "2026-03-13", False),
        ("claude-opus-4-6", "2026-02-20", True),
        ("claude-sonnet-4-6", "2026-03-13", False),
        ("claude-sonnet-4-5-20250929", "2026-04-30", False),
        ("claude-sonnet-4-20250514", "2025-08-11", False),
        ("claude-sonnet-4-20250514", "2026-04-30", False),
    ],
)
def test_other_days_are_flat(name: str, day: str, fast: bool) -> None:
    """The day after the premium ended, and the day before it began."""
    assert rates_on(name, day, fast=fast) is not None
    assert rates_on(name, day, fast=fast, long=True) is None


def test_a_price_that_changed_holds_from_its_day_on() -> None:
    """Cache reads of Sonnet 5.5 went from 0.20 to 0.10 on 2026-10-07."""
    assert "2 2.5 4 0.2 10" == rates_on("claude-sonnet-5-5", "2026-10-06")
    assert "2 2.5 4 0.1 10" == rates_on("claude-sonnet-5-5", "2026-10-07")


def test_there_is_no_rate_before_a_model_is_released() -> None:
    """And one without a gap from that day on."""
    for model in TABLE.models.values():
        assert model.released is not None
        assert model.row(model.released - timedelta(days=1)) is None
        assert all(one.until == two.since for one, two in zip(model.rows, model.rows[1:], strict=False))
        assert (model.released, None) == (model.rows[0].since, model.rows[-1].until)


def test_premiums_belong_to_the_generations_that_have_them() -> None:
    """US inference from 4.6 on, regional endpoints from 4.5 on, both 1.1."""
    factor = Decimal("1.1")
    us = {name: None if name in NO_US_PREMIUM else factor for name in PUBLISHED}
    regional = {name: None if name in NO_US_PREMIUM - OF_4_5 else factor for name in PUBLISHED}

    assert us == {name: model.us_geo_multiplier for name, model in TABLE.models.items()}
    assert regional == {name: model.regional_multiplier for name, model in TABLE.models.items()}


def test_windows_are_those_of_the_generation() -> None:
    """A million from 4.6 on, 200,000 before."""
    expected = {name: 200_000 if name in NO_US_PREMIUM else 1_000_000 for name in PUBLISHED}

    assert expected == {name: model.context_window for name, model in TABLE.models.items()}
    assert {4096, 8192, 32_000, 64_000, 128_000} == {model.max_output for model in TABLE.models.values()}


def test_no_name_means_two_models() -> None:
    """Ids and aliases together."""
    names = [name for model in TABLE.models.values() for name in (model.name, *model.aliases)]

    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("claude-opus-5", "claude-opus-5"),
        ("claude-opus-5-5", "claude-opus-5-5"),
        ("claude-opus-4-20250514", "claude-opus-4-20250514"),
        ("claude-opus-4-0", "claude-opus-4-20250514"),
        ("claude-opus-4-1", "claude-opus-4-1-20250805"),
        ("claude-opus-4-5", "claude-opus-4-5-20251101"),
        ("claude-haiku-4-5", "claude-haiku-4-5-20251001"),
        ("claude-3-7-sonnet-latest", "claude-3-7-sonnet-20250219"),
        ("anthropic/claude-3.5-sonnet", "claude-3-5-sonnet-20241022"),
        ("anthropic/claude-3-opus", "claude-3-opus-20240229"),
        ("anthropic/claude-3.5-haiku", "claude-3-5-haiku-20241022"),
        ("anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku-20240307"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5-20250929"),
        ("claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet-20241022"),
        ("claude-opus-4-7-20260416", None),
        ("claude-opus-5-6", None),
        ("claude-opus-4-2", None),
        ("claude-sonnet-4-5-20250930", None),
        ("claude-sonnet", None),
        ("claude", None),
        ("", None),
        ("x" * 1_000_000, None),
        (PROFILE, None),
    ],
)
def test_a_name_finds_its_model_or_nothing(spelled: str, expected: str | None) -> None:
    """Never a neighbour."""
    assert expected == found(spelled)
    assert expected == found(spelled), "the second time, from memory"


@pytest.mark.parametrize(
    "spelled", ["Claude-Sonnet-4.5", "CLAUDE-SONNET-4-5", "us.Anthropic.Claude-Sonnet-4-5-20250929-v1:0"]
)
def test_a_name_is_found_in_any_case_of_letters(spelled: str) -> None:
    """With what else the spelling says."""
    assert TABLE.resolve(spelled).model is TABLE.find("claude-sonnet-4-5")
    assert TABLE.resolve(spelled).regional == spelled.startswith("us.")
    assert TABLE.find("Claude-Sonnet-4.5-x") is None


def test_the_users_own_names_go_first() -> None:
    """Also for a profile that only the account knows, and over a name that the table has."""
    table = TABLE.with_aliases({PROFILE: "us.anthropic.claude-opus-4-6-v1", "claude-opus-5": "claude-haiku-4-5"})

    assert "claude-opus-4-6" == found(PROFILE, table)
    assert table.resolve(PROFILE).regional
    assert "claude-haiku-4-5-20251001" == found("claude-opus-5", table)
    assert "claude-opus-5" == found("claude-opus-5")
    assert TABLE.as_of == table.as_of


def test_a_users_name_for_nothing_is_nothing() -> None:
    """Nor is it taken for the name that it stands for another time: aliases do not chain."""
    table = TABLE.with_aliases({"ours": "claude-neverland-1", "a": "b", "b": "claude-opus-5"})

    assert (None, None, "claude-opus-5") == (found("ours", table), found("a", table), found("b", table))


def test_a_model_knows_its_other_names() -> None:
    """A limit may use any of them."""
    table = TABLE.with_aliases({"ours": "anthropic/claude-haiku-4.5", "theirs": "claude-opus-5"})

    assert ("claude-haiku-4-5", "ours") == table.spellings("claude-haiku-4-5-20251001")
    assert () == table.spellings("claude-neverland-1")


def test_a_users_rows_go_before_the_tables() -> None:
    """On their days only; by an alias too; the rest of the model stays."""
    text = """
version: 1
models:
  claude-sonnet-4-5:
    rates:
      - {from: 2026-06-01, to: 2026-07-01, input: 2, cache_write_5m: "2.5", cache_write_1h: 4, cache_read: .2, output: 9}
"""
    model = TABLE.with_overrides(overrides(text)).find("claude-sonnet-4-5-20250929")

    assert model is not None
    assert [Decimal(3), Decimal(2), Decimal(3)] == [
        row.rates.input for day in (1, 31, 61) if (row := model.row(date(2026, 5, 2) + timedelta(days=day)))
    ]
    assert (200_000, ("claude-sonnet-4-5",), Decimal("1.1")) == (
        model.context_window,
        model.aliases,
        model.regional_multiplier,
    )
    assert (TABLE.as_of, TABLE.source) == (TABLE.with_overrides(overrides(text)).as_of, TABLE.source)


def test_a_user_may_add_models_and_change_what_is_common() -> None:
    """A new model, an alias for one that is there, a day of one's own."""
    text = """
version: 1
as_of: 2026-12-01
source: our contract
modifiers: {batch: 0.4, web_search_per_1000: 8}
models:
  our-claude:
    aliases: [oc]
    us_geo_multiplier: "1.2"
    rates: [{from: 2026-01-01, input: 1, cache_write_5m: 1, cache_write_1h: 1, cache_read: 1, output: 1}]
  claude-opus-5: {aliases: [big-one], note: negotiated}
"""
    table = TABLE.with_overrides(overrides(text))

    assert (date(2026, 12, 1), "our contract") == (table.as_of, table.source)
    assert (Decimal("0.4"), Decimal(8)) == (table.batch, table.web_search_per_1000)
    assert ["our-claude", "claude-opus-5", "claude-opus-5"] == [
        found(name, table) for name in ("oc", "big-one", "claude-opus-5")
    ]
    assert Decimal("1.2") == table.models["our-claude"].us_geo_multiplier
    assert "negotiated" == table.models["claude-opus-5"].note
    assert TABLE.models["claude-opus-5"].rows == table.models["claude-opus-5"].rows


def test_rows_that_cannot_be_meant_are_refused() -> None:
    """An end before the beginning, and a row that the one before has not made room for."""
    cells = "input: 1, cache_write_5m: 1, cache_write_1h: 1, cache_read: 1, output: 1"
    text = f"""
version: 1
models:
  ours:
    rates:
      - {{from: 2026-02-01, to: 2026-02-01, {cells}}}
      - {{from: 2026-03-01, {cells}}}
      - {{from: 2026-04-01, {cells}}}
"""
    with pytest.raises(InputError) as refused:
        TABLE.with_overrides(overrides(text), "r.yml")

    assert (
        "r.yml: models.ours.rates[0]: expected a day 'to' after 2026-02-01, got 2026-02-01\n"
        "hint: 'to' is the first day on which the row holds no more   [bad-row]\n"
        "r.yml: models.ours.rates[2]: expected a row that begins when the one before has ended, got 2026-04-01\n"
        "hint: close the row before: add to: 2026-04-01 to it   [bad-row]"
    ) == str(refused.value)


@pytest.mark.parametrize("day", ["2024-02-29", "2026-02-28", "2026-12-31", "2026-04-30", "2000-02-29"])
def test_the_schema_takes_every_day(day: str) -> None:
    """Leap days too."""
    assert [] == validate(parse_yaml(f"version: 1\nas_of: {day}", "r.yml"), schema("rates-overrides"))
    assert day == TABLE.with_overrides({"as_of": day}).as_of.isoformat()


@pytest.mark.parametrize(
    "text",
    [
        "as_of: 2026-02-29",
        "as_of: 2026-04-31",
        "as_of: 2026-13-01",
        "as_of: 1999-01-01",
        "as_of: 2026-1-1",
        "as_of: '2026-01-01x'",
        'as_of: "2026-01-01\\n"',
        "as_of: 20260101",
        "sauce: here",
        "modifiers: {batch: -1}",
        "modifiers: {batch: half}",
        "models: {a: {}}",
        "models: {a: {rates: []}}",
        "models: {a: {rates: [{from: 2026-01-01, input: 1, cache_write_5m: 1, cache_write_1h: 1, cache_read: 1}]}}",
        "models: {a: {fast: [{from: 2026-01-01, input: 1, cache_write_5m: 1, cache_write_1h: 1, cache_read: 1, output: -1}]}}",
        "models: {a: {context_window: 1.5}}",
        "models: {a: {price: 1}}",
        "models: {'': {note: a}}",
    ],
)
def test_the_schema_refuses_what_cannot_be_read(text: str) -> None:
    """Each with a problem of its own, none with a traceback."""
    assert 1 == len(validate(parse_yaml(f"version: 1\n{text}", "r.yml"), schema("rates-overrides")))


def test_the_two_schemas_say_the_same_of_a_row() -> None:
    """A user's rate file differs in what it may leave out."""
    whole, partial = schema("rates")["$defs"], schema("rates-overrides")["$defs"]
    del whole["model"], partial["model"]

    assert whole == partial


def test_a_table_remembers_a_bounded_number_of_names() -> None:
    """A hostile server may make up a new one in every answer."""
    table = parse_rates(load_rates_document())
    table.find("m" * 1000)
    assert 0 == len(table._found), "too long to be one"
    for number in range(10_050):
        table.find(f"made-up-{number}")

    assert 10_000 == len(table._found)


def test_a_model_without_rows_is_known_and_has_no_rates() -> None:
    """As when a user's file names one and forgets its rates."""
    table = TABLE.with_overrides(overrides("version: 1\nmodels: {ours: {note: to do}}"))

    assert Model(name="ours", note="to do") == table.find("ours")
    assert table.models["ours"].row(date(2026, 11, 23)) is None
