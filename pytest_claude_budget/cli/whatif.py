"""`whatif`: what a run would have cost otherwise."""

import argparse
import json
from collections.abc import Collection
from typing import TYPE_CHECKING

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.cli.common import Commands, add_command, count, put_out
from pytest_claude_budget.cli.repriced import add_run, record_from, terms_of

if TYPE_CHECKING:
    from pytest_claude_budget.pricing.rates import RateTable


def add_whatif(commands: Commands) -> None:
    """Add `whatif`."""
    help_ = "show what a run would have cost otherwise: by another model, in batches, cached, with shorter answers"
    parser = add_command(
        commands, "whatif", help_, "claude-budget whatif claude-cost.json --model claude-haiku-4-5 --batch"
    )
    add_run(parser)
    parser.add_argument("--model", metavar="M", help="answered by this model")
    parser.add_argument("--from-model", metavar="M0", help="change only calls of this model [all]")
    parser.add_argument("--batch", action="store_true", help="in message batches")
    parser.add_argument("--cache", action="store_true", help="with what prompts have in common in the prompt cache")
    parser.add_argument("--max-output", type=_tokens, metavar="N", help="answers of at most so many tokens")
    parser.set_defaults(command=_whatif)


def _tokens(text: str) -> int:
    """At least one token: an answer has one."""
    if not (tokens := count(text)):
        raise argparse.ArgumentTypeError("expected at least 1 token, such as 500, got 0")
    return tokens


def _whatif(options: argparse.Namespace) -> int:
    from pytest_claude_budget.forecast.reprice import Wish
    from pytest_claude_budget.forecast.whatif import what_if
    from pytest_claude_budget.render import whatif as otherwise

    if options.model is None and options.max_output is None and not (options.batch or options.cache):
        what, hint = "expected something that should be otherwise", "add --model M, --batch, --cache or --max-output N"
        raise InputError(Problem(slug="no-wish", where="whatif", what=what, hint=hint))
    terms = terms_of(options)
    wish = Wish(
        model=_model("--model", options.model, terms.rates),
        from_model=_model("--from-model", options.from_model, terms.rates),
        batch=options.batch,
        cache=options.cache,
        max_output=options.max_output,
    )
    record = record_from(options.report)
    if wish.from_model is not None:
        _refuse_unused(
            wish.from_model, {group.terms.model for owner in record.owners.values() for group in owner.groups}
        )
    found = what_if(record, wish, terms.rates, terms.day)
    if options.format == "json":
        put_out(json.dumps(otherwise.otherwise_entry(found, terms.rates), indent=1))
    else:
        render = otherwise.otherwise_markdown if options.format == "markdown" else otherwise.otherwise_text
        put_out(render(found, terms.rates))
    return 0


def _refuse_unused(model: str, used: Collection[str]) -> None:
    """Nothing would be changed, and the answer would look like one."""
    if model not in used:
        what = f"expected a model that calls of this run used, got {model}"
        hint = (
            f"it used {', '.join(sorted(used))[:300]}"
            if used
            else "the run made no calls: is this the report you mean?"
        )
        raise InputError(Problem(slug="unused-model", where="--from-model", what=what, hint=hint))


def _model(option: str, spelled: str | None, rates: "RateTable") -> str | None:
    """The name that the table has for a spelling."""
    if spelled is None:
        return None
    model = rates.find(spelled)
    if model is not None:
        return model.name
    from pytest_claude_budget.base.schema_errors import shown_value
    from pytest_claude_budget.pricing.model_hints import did_you_mean

    what = f"expected a model of the rate table, got {shown_value(spelled)}"
    hint = did_you_mean(spelled, rates) or "claude-budget rates shows them all"
    raise InputError(Problem(slug="unknown-model", where=option, what=what, hint=hint))
