"""`bound`: the most that a request can cost, before it is sent."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.cli.common import Commands, add_budget, add_command, day, put_out

if TYPE_CHECKING:
    from pytest_claude_budget.wire.routes import Route

UNBOUNDED = 3
_MESSAGES = "/v1/messages"


def add_bound(commands: Commands) -> None:
    """Add `bound`."""
    help_ = "show the most that a request can cost, line by line: what a cap would reserve for it"
    parser = add_command(commands, "bound", help_, "claude-budget bound request.json --model claude-haiku-4-5")
    parser.add_argument("request", help="the JSON body of a request, or of a batch")
    parser.add_argument("--model", metavar="M", help="ask this model [the one that the request names]")
    parser.add_argument("--path", metavar="PATH", help=f"the path that it is sent to [{_MESSAGES}, or its batches]")
    parser.add_argument("--betas", metavar="B", default="", help="the header anthropic-beta that goes with it")
    parser.add_argument("--feature", metavar="F", help="assume what the budget file assumes of this feature")
    parser.add_argument("--on", type=day, metavar="YYYY-MM-DD", help="at the rates of this day [today]")
    parser.add_argument("--format", choices=("text", "json"), default="text", help="what to print [text]")
    add_budget(parser)
    parser.set_defaults(command=_bound)


def _bound(options: argparse.Namespace) -> int:
    from pytest_claude_budget.bounds.bound import bound
    from pytest_claude_budget.bounds.values import Assumptions, Bound, Request
    from pytest_claude_budget.files.load import load_terms
    from pytest_claude_budget.files.read_write import read_json
    from pytest_claude_budget.render.bound import bound_entry, bound_text

    value = read_json(Path(options.request), options.request)
    if options.model is not None and isinstance(value, dict):
        value = _asked_of(value, options.model)
    terms = load_terms(options.budget)
    on = options.on or datetime.now(UTC).date()
    assumed = Assumptions() if terms.budget is None else terms.budget.cap_assumes.of(options.feature)
    body = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    request = Request(route=_route(options, value, body), body=body, betas=options.betas)
    made = bound(request, terms.rates, on, assumed)
    if options.format == "json":
        put_out(json.dumps(bound_entry(made, on, terms.rates), indent=1))
    else:
        put_out(bound_text(made, on, terms.rates))
    return 0 if isinstance(made, Bound) else UNBOUNDED


def _asked_of(value: dict[str, object], model: str) -> dict[str, object]:
    """The same asked of another model: of a batch, every request."""
    requests = value.get("requests")
    if not isinstance(requests, list):
        return {**value, "model": model}
    params = [each.get("params") if isinstance(each, dict) else None for each in requests]
    return {
        **value,
        "requests": [{"params": {**each, "model": model} if isinstance(each, dict) else each} for each in params],
    }


def _route(options: argparse.Namespace, value: object, body: bytes) -> "Route":
    from pytest_claude_budget.wire.routes import route

    is_batch = isinstance(value, dict) and "requests" in value
    path = options.path or (f"{_MESSAGES}/batches" if is_batch else _MESSAGES)
    found = route("POST", path.partition("?")[0], body, from_sdk=path.startswith(_MESSAGES))
    if found is None:
        what = f"expected a path of Claude's, such as {_MESSAGES} or /v1/chat/completions, got {path[:80]!r}"
        hint = "leave --path out for Anthropic's own; on Bedrock and Vertex the path names the model"
        raise InputError(Problem(slug="unknown-path", where="--path", what=what, hint=hint))
    return found
