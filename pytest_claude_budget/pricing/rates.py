"""Dated list rates: which model a name means, and which row is in force on a day.

The table is data (`data/rates.yml`, and a user's own file on top of it); this turns checked documents into values and
finds things in them. What is not there is not there: no name is ever resolved to a neighbour.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.long_prompts import SMALL_WINDOW
from pytest_claude_budget.calls.model_ids import LONGEST, normalise

_CACHED = 10_000
"""Names that are remembered. A run has a handful; a hostile server may make up more."""


@value_class(frozen=True, kw_only=True, slots=True)
class Cells:
    """What each kind of token costs, in US dollars; per million in a rate table."""

    input: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    cache_read: Decimal
    output: Decimal


CELL_OF = {
    "input_tokens": "input",
    "cache_creation_5m_input_tokens": "cache_write_5m",
    "cache_creation_1h_input_tokens": "cache_write_1h",
    "cache_read_input_tokens": "cache_read",
    "output_tokens": "output",
}
"""Counts of tokens, each with its cell of a rate row."""
CELLS = tuple(CELL_OF.values())


@value_class(frozen=True, kw_only=True, slots=True)
class LongPrompt:
    """Rates of a request whose prompt has more tokens than the threshold."""

    threshold_tokens: int
    """Exactly that many is not long."""
    rates: Cells


@value_class(frozen=True, kw_only=True, slots=True)
class Row:
    """Rates, and the days on which they hold."""

    since: date
    """The first day."""
    until: date | None
    """The first day on which they hold no more."""
    rates: Cells
    long_prompt: LongPrompt | None


@value_class(frozen=True, kw_only=True, slots=True)
class Model:
    """All that is known of one model."""

    name: str
    """Its id as Anthropic writes it."""
    aliases: tuple[str, ...] = ()
    released: date | None = None
    context_window: int | None = None
    max_output: int | None = None
    us_geo_multiplier: Decimal | None = None
    """Of every token rate, where the answer's `inference_geo` is `us`."""
    regional_multiplier: Decimal | None = None
    """Of every token rate, at a regional endpoint of Bedrock or Vertex."""
    note: str | None = None
    """What the price of a call should be read with."""
    rows: tuple[Row, ...] = ()
    fast_rows: tuple[Row, ...] = ()

    def row(self, day: date, *, fast: bool = False) -> Row | None:
        """The row in force on a day (UTC), None where there is none."""
        for row in self.fast_rows if fast else self.rows:
            if row.since <= day and (row.until is None or day < row.until):
                return row
        return None


@value_class(frozen=True, kw_only=True, slots=True)
class Found:
    """What the name of a model leads to."""

    model: Model | None = None
    """None where the table knows no such model."""
    regional: bool = False
    fast: bool = False
    opaque: bool = False
    """Only the user can say which model the name means, and has not."""
    alias_of: str | None = None
    """What the user says that the name means."""


@value_class(frozen=True, kw_only=True, slots=True, eq=False)
class RateTable:
    """Every rate that a run is priced with."""

    as_of: date
    """The day on which the rates were last compared with their source."""
    source: str
    """Where a person can check them."""
    batch: Decimal
    """What a token rate is multiplied with in a batch."""
    web_search_per_1000: Decimal
    session_per_hour: Decimal
    """Of Managed Agents, while it runs."""
    models: Mapping[str, Model]
    aliases: Mapping[str, str] = field(default_factory=dict)
    """The user's own names, each with the spelling of the model whose rates apply."""
    _names: Mapping[str, str] = field(init=False, repr=False)
    _found: dict[str, Found] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        names = {alias: model.name for model in self.models.values() for alias in model.aliases}
        object.__setattr__(self, "_names", names | {name: name for name in self.models})

    def find(self, model: str) -> Model | None:
        """The model that a spelling names, None where the table knows no such model."""
        return self.resolve(model).model

    def is_proportional(self, model: str, since: date) -> bool:
        """Do a number of calls to it, from a day on, cost what their summed counts cost, and do those sums tell all of them?

        Not where long prompts have rates of their own, nor where the context window is smaller than those that a sum minds.
        """
        found = self.find(model)
        if found is not None and found.context_window is not None and found.context_window < SMALL_WINDOW:
            return False
        rows = () if found is None else (*found.rows, *found.fast_rows)
        return all(row.long_prompt is None for row in rows if row.until is None or row.until > since)

    def resolve(self, model: str) -> Found:
        """The model that a spelling names, with what else the spelling says. The user's own names go first."""
        found = self._found.get(model)
        if found is None:
            found = self._resolved(model)
            if len(self._found) < _CACHED and len(model) <= LONGEST:
                self._found[model] = found
        return found

    def _resolved(self, model: str) -> Found:
        target = self.aliases.get(model)
        if target is not None:
            return replace(self._spelled(target), alias_of=target)
        return self._spelled(model)

    def _spelled(self, model: str) -> Found:
        if model in self._names:
            return Found(model=self.models[self._names[model]])
        meant = normalise(model)
        name = self._names.get(meant.name)
        if name is None and not model.islower():  # some gateways write Claude-Sonnet-4.5
            spelled = normalise(model.lower())
            name = self._names.get(spelled.name)
            meant = meant if name is None else spelled
        if name is None:
            return Found(opaque=meant.opaque)
        return Found(model=self.models[name], regional=meant.regional, fast=meant.fast)

    def spellings(self, name: str) -> tuple[str, ...]:
        """The other names of a model, its aliases and the user's: what else a person may call it by."""
        model = self.models.get(name)
        if model is None:
            return ()
        users = (alias for alias in self.aliases if self.find(alias) is model)
        return tuple(dict.fromkeys((*model.aliases, *users)))

    def with_aliases(self, aliases: Mapping[str, str]) -> "RateTable":
        """The table with names of the user's own, each with the spelling of the model whose rates apply."""
        return replace(self, aliases={**self.aliases, **aliases}) if aliases else self

    def with_overrides(self, document: Mapping[str, Any], where: str = "rates.file") -> "RateTable":
        """The table with a user's rate file on top, a document that `rates-overrides.schema.json` allows.

        Rows go before the table's own of the same model, so that other days keep their rates; keys that are there
        replace the model's, aliases are added. `as_of` stays where the file has none. Raises InputError where rows
        overlap or end before they begin; `where` is the file as the user knows it.
        """
        models = dict(self.models)
        for name, entry in document.get("models", {}).items():
            # By its alias too: rates of `claude-sonnet-4-5` are those of the dated id that answers carry.
            name_ = self._names.get(name, name)
            models[name_] = _model(models.get(name_, Model(name=name_)), entry, f"{where}: models.{name}")
        modifiers = document.get("modifiers", {})
        return replace(
            self,
            as_of=_day(document["as_of"]) if "as_of" in document else self.as_of,
            source=document.get("source", self.source),
            batch=Decimal(modifiers.get("batch", self.batch)),
            web_search_per_1000=Decimal(modifiers.get("web_search_per_1000", self.web_search_per_1000)),
            session_per_hour=Decimal(modifiers.get("session_per_hour", self.session_per_hour)),
            models=models,
        )


def parse_rates(document: Mapping[str, Any], where: str = "rates.yml") -> RateTable:
    """The table of a document that `rates.schema.json` allows: exact numbers, and days as text.

    Raises InputError where rows overlap or end before they begin; `where` is the file as a person knows it.
    """
    modifiers = document["modifiers"]
    return RateTable(
        as_of=_day(document["as_of"]),
        source=document["source"],
        batch=Decimal(modifiers["batch"]),
        web_search_per_1000=Decimal(modifiers["web_search_per_1000"]),
        session_per_hour=Decimal(modifiers["session_per_hour"]),
        models={
            name: _model(Model(name=name), entry, f"{where}: models.{name}")
            for name, entry in document["models"].items()
        },
    )


def _model(base: Model, entry: Mapping[str, Any], where: str) -> Model:
    given: dict[str, Any] = {key: entry[key] for key in ("context_window", "max_output", "note") if key in entry}
    if "released" in entry:
        given["released"] = _day(entry["released"])
    for key in ("us_geo_multiplier", "regional_multiplier"):
        if key in entry:
            given[key] = Decimal(entry[key])
    return replace(
        base,
        aliases=tuple(dict.fromkeys((*base.aliases, *entry.get("aliases", ())))),
        rows=(*_rows(entry.get("rates", ()), f"{where}.rates"), *base.rows),
        fast_rows=(*_rows(entry.get("fast", ()), f"{where}.fast"), *base.fast_rows),
        **given,
    )


def _rows(entries: Iterable[Mapping[str, Any]], where: str) -> tuple[Row, ...]:
    rows = tuple(_row(entry) for entry in entries)
    problems = []
    for index, row in enumerate(rows):
        if row.until is not None and row.until <= row.since:
            what = f"expected a day 'to' after {row.since}, got {row.until}"
            problems.append(_bad_row(f"{where}[{index}]", what, "'to' is the first day on which the row holds no more"))
        before = rows[index - 1] if index else None
        if before is not None and (before.until is None or row.since < before.until):
            what = f"expected a row that begins when the one before has ended, got {row.since}"
            problems.append(_bad_row(f"{where}[{index}]", what, f"close the row before: add to: {row.since} to it"))
    if problems:
        raise InputError(*problems)
    return rows


def _bad_row(where: str, what: str, hint: str) -> Problem:
    return Problem(slug="bad-row", where=where, what=what, hint=hint)


def _row(entry: Mapping[str, Any]) -> Row:
    long = entry.get("long_prompt")
    return Row(
        since=_day(entry["from"]),
        until=_day(entry["to"]) if "to" in entry else None,
        rates=_cells(entry),
        long_prompt=None if long is None else LongPrompt(threshold_tokens=long["threshold_tokens"], rates=_cells(long)),
    )


def _cells(entry: Mapping[str, Any]) -> Cells:
    return Cells(**{cell: Decimal(entry[cell]) for cell in CELLS})


def _day(text: str) -> date:
    return date.fromisoformat(text)
