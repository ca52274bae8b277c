"""`estimate`: what requests will cost that nobody has sent yet."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.cli.common import Commands, add_budget, add_command, count, day, put_out

if TYPE_CHECKING:
    from pytest_claude_budget.files.load import Terms
    from pytest_claude_budget.forecast.estimate import Estimate, Range

UNPRICED = 3
_MOST_TOKENS = 1_000_000
_VOLUME = "expected volumes such as average=50000, or light=20000,average=50000,heavy=120000"


def add_estimate(commands: Commands) -> None:
    """Add `estimate`."""
    help_ = "estimate what prompts cost a request and a month before anything is sent, with models side by side"
    example = "claude-budget estimate prompt.txt --model claude-haiku-4-5 --output 50..300 --requests average=50000"
    parser = add_command(commands, "estimate", help_, example)
    parser.add_argument("prompts", nargs="+", metavar="PROMPT", help="text, or the JSON body of a request")
    parser.add_argument(
        "--model", action="append", default=[], metavar="M", help="ask this model; repeatable [the request's own]"
    )
    parser.add_argument(
        "--output", type=_range, metavar="N..M", help="tokens of an answer [from 1 to max_tokens of the request]"
    )
    parser.add_argument("--system", metavar="PATH", help="a text file with the system prompt")
    parser.add_argument("--values", metavar="PATH", help="values of {{variables}}: CSV, or a JSON list of objects")
    parser.add_argument(
        "--requests",
        type=_volumes,
        default={},
        metavar="NAME=N",
        help="requests a month, such as light=20000,heavy=90000",
    )
    parser.add_argument("--feature", metavar="F", help="the volumes of this feature of the budget file")
    parser.add_argument("--batch", action="store_true", help="asked by the Batch API")
    online = "have the API count the input with $ANTHROPIC_API_KEY: free, and sends it the text"
    parser.add_argument("--online", action="store_true", help=online)
    parser.add_argument("--on", type=day, metavar="YYYY-MM-DD", help="at the rates of this day [today]")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what to print [text]")
    add_budget(parser)
    parser.set_defaults(command=_estimate)


def _range(text: str) -> "Range":
    from pytest_claude_budget.forecast.estimate import Range

    low, dots, high = text.partition("..")
    counts = [count(low), count(high if dots else low)]
    if counts[0] > counts[1] or counts[1] > _MOST_TOKENS:
        raise argparse.ArgumentTypeError(f"expected tokens such as 200 or 50..300, got {text[:40]!r}")
    return Range(low=counts[0], high=counts[1])


def _volumes(text: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in text.split(","):
        name, equals, number = part.partition("=")
        if not equals or not name.strip() or name.strip() in found:
            raise argparse.ArgumentTypeError(f"{_VOLUME}, got {text[:60]!r}")
        found[name.strip()] = count(number.strip())
    return found


def _estimate(options: argparse.Namespace) -> int:
    from pytest_claude_budget.files.load import load_terms
    from pytest_claude_budget.forecast.estimate import UnpricedError, mean_of
    from pytest_claude_budget.render.estimate import estimate_entry, estimate_text

    terms, requests = load_terms(options.budget), list(_requests(options))
    volumes = {**_of_feature(terms, options.feature), **options.requests}
    try:
        means = [mean_of(_estimates(requests, model, options, terms)) for model in _models(requests, options)]
    except UnpricedError as error:
        put_out(f"cannot be estimated: {error}")
        return UNPRICED
    means.sort(key=lambda each: (each.high, each.model))
    if options.format == "json":
        put_out(json.dumps(estimate_entry(means, volumes, len(requests), terms.rates), indent=1))
        return 0
    shown = ", ".join(options.prompts)
    what = shown if len(requests) == 1 else f"the mean of {len(requests):,} requests of {shown}"
    put_out(estimate_text(means, volumes, what, terms.rates))
    return 0


def _requests(options: argparse.Namespace) -> Iterator[Mapping[str, Any]]:
    from pytest_claude_budget.files.prompts import filled, read_prompt, read_values

    rows = [] if options.values is None else read_values(options.values)
    for path in options.prompts:
        yield from filled(read_prompt(path, options.system), rows, options.values)


def _models(requests: Sequence[Mapping[str, Any]], options: argparse.Namespace) -> list[str]:
    own = [each.get("model") for each in requests]
    models = options.model or dict.fromkeys(model for model in own if isinstance(model, str))
    if not models:
        what = "expected a model: no prompt names one"
        hint = "name one, for example --model claude-sonnet-4-6; claude-budget rates lists them"
        raise InputError(Problem(slug="no-model", where="--model", what=what, hint=hint))
    return list(dict.fromkeys(models))


def _estimates(
    requests: Sequence[Mapping[str, Any]], model: str, options: argparse.Namespace, terms: "Terms"
) -> "list[Estimate]":
    from pytest_claude_budget.forecast.estimate import Asking, NoOutputError, estimated

    asking, on = Asking(model=model, output=options.output, batch=options.batch), options.on or datetime.now(UTC).date()
    try:
        return [estimated(each, asking, terms.rates, on, _counted(each, model, options)) for each in requests]
    except NoOutputError:
        hint = "say it, for example --output 50..300"
        what = "expected how long an answer is: the prompt is no request with max_tokens"
        raise InputError(Problem(slug="no-output", where="--output", what=what, hint=hint)) from None
    except RecursionError:
        what = "expected a request, got nesting beyond any use"
        raise InputError(
            Problem(slug="no-request", where=options.prompts[0], what=what, hint="check the file")
        ) from None


def _counted(request: Mapping[str, Any], model: str, options: argparse.Namespace) -> int | None:
    if not options.online:
        return None
    from pytest_claude_budget.cli.count_online import count_online

    return count_online(request, model)


def _of_feature(terms: "Terms", name: str | None) -> Mapping[str, int]:
    if name is None:
        return {}
    features = () if terms.budget is None else terms.budget.features
    for feature in features:
        if feature.name == name:
            return feature.requests_per_month
    has = ", ".join(feature.name for feature in features) or "none"
    what = f"expected a feature of the budget file, got {name[:60]!r}; it has {has[:200]}"
    hint = "name one of those, or give volumes by --requests average=50000"
    raise InputError(Problem(slug="unknown-feature", where="--feature", what=what, hint=hint))
