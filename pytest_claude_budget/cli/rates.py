"""`rates`: the table in force, and prices by hand."""

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.cli.common import PYTESTS_FILE, Commands, add_command, budget_here, count, day, put_out

if TYPE_CHECKING:
    from pytest_claude_budget.pricing.rates import RateTable

UNPRICED = 3


def add_rates(commands: Commands) -> None:
    """Add `rates`."""
    help_ = "show the rate table in force, or price counts of one model by hand"
    example = "claude-budget rates claude-sonnet-4-6 --input 100000 --output 10000"
    parser = add_command(commands, "rates", help_, example)
    parser.add_argument(
        "model", nargs="?", help="show the rates of this model, or price its counts; without it, show the table"
    )
    for name in ("input", "output", "cache-read", "cache-write-5m", "cache-write-1h", "web-search"):
        parser.add_argument(
            f"--{name}", type=count, default=0, metavar="N", help="tokens" if name != "web-search" else "searches"
        )
    parser.add_argument("--batch", action="store_true", help="answered by a batch")
    parser.add_argument("--fast", action="store_true", help="answered in fast mode")
    parser.add_argument("--geo", metavar="GEO", help="inference_geo of the answer, such as us")
    parser.add_argument("--on", type=day, metavar="YYYY-MM-DD", help="price as of this day [today]")
    parser.add_argument("--budget", metavar="PATH", help=f"apply the rates of this budget file [{PYTESTS_FILE}]")
    parser.set_defaults(command=_rates)


def _rates(options: argparse.Namespace) -> int:
    from pytest_claude_budget.calls.call import Answer, Status, Usage
    from pytest_claude_budget.files.rates_file import packaged_rates, rates_of
    from pytest_claude_budget.pricing.price import price
    from pytest_claude_budget.render.rates_table import hand_price, model_rates, rates_table

    on = options.on or datetime.now(UTC).date()
    table = packaged_rates()
    shown = options.budget or budget_here()
    if shown is not None:
        from pytest_claude_budget.files.budget_file import load_budget

        table = rates_of(load_budget(Path(shown), shown)[0], Path(shown).parent)
    if options.model is None:
        put_out(rates_table(table, on))
        return 0
    model = table.find(options.model)
    if model is None:
        raise InputError(_unknown_model(options.model, table))
    usage = Usage(
        input_tokens=options.input,
        cache_creation_5m_input_tokens=options.cache_write_5m,
        cache_creation_1h_input_tokens=options.cache_write_1h,
        cache_read_input_tokens=options.cache_read,
        output_tokens=options.output,
        web_search_requests=options.web_search,
    )
    answer = Answer(
        status=Status.MEASURED,
        endpoint="messages",
        model=options.model,
        usage=usage,
        batch=options.batch,
        speed="fast" if options.fast else None,
        inference_geo=options.geo,
    )
    if usage == Usage():
        put_out(model_rates(model, on, table))
        return 0 if model.row(on, fast=options.fast) is not None else UNPRICED
    put_out(hand_price(answer, on, table))
    return 0 if price(answer, on, table).amount is not None else UNPRICED


def _unknown_model(model: str, table: "RateTable") -> Problem:
    from pytest_claude_budget.pricing.model_hints import did_you_mean

    return Problem(
        slug="unknown-model",
        where=repr(model[:80]),
        what="expected a model of the rate table",
        hint=did_you_mean(model, table) or "claude-budget rates shows them all",
    )
