"""`python -m bench.bounds FOLDER …`: the bound of each request in vcrpy's cassettes beside what its answer cost.

Recordings made up by hand tell nothing here, since their counts are of no text: packages of clients carry real ones in their sources.
"""

import gzip
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import yaml

from pytest_claude_budget.bounds.bound import bound
from pytest_claude_budget.bounds.values import Bound, Request, Unbounded
from pytest_claude_budget.calls.call import Answer
from pytest_claude_budget.files.rates_file import packaged_rates
from pytest_claude_budget.pricing.price import price
from pytest_claude_budget.wire.bodies import body_of, read_whole
from pytest_claude_budget.wire.encodings import unpacked
from pytest_claude_budget.wire.messages import Exchange
from pytest_claude_budget.wire.routes import Kind, route


class Held(NamedTuple):
    """A request and its answer."""

    where: str
    made: Bound | Unbounded
    cost: Decimal
    read: int
    """Tokens of the prompt, as the answer counts them."""


def exchanges(cassette: Path) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Requests with their answers, of either layout that vcrpy has written."""
    document = yaml.load(bytes_in(cassette), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    if not isinstance(document, dict):
        return
    for each in document.get("interactions") or ():
        yield each["request"], each["response"]
    yield from zip(document.get("requests") or (), document.get("responses") or (), strict=False)


def bytes_of(side: Mapping[str, Any]) -> bytes:
    """The body of a request or an answer."""
    if side.get("parsed_body") is not None:
        return json.dumps(side["parsed_body"]).encode()
    body = side.get("body") or b""
    body = body.get("string") or b"" if isinstance(body, dict) else body
    return body.encode() if isinstance(body, str) else bytes(body)


def held(cassette: Path) -> Iterator[Held]:
    """What of a cassette was billed."""
    rates, today = packaged_rates(), datetime.now(UTC).date()
    for request, response in exchanges(cassette):
        url, asked = urlsplit(str(request.get("uri"))), bytes_of(request)
        found = route(str(request.get("method")), url.path, asked, from_sdk="anthropic" in url.netloc)
        status = response.get("status")
        if (
            found is None
            or found.kind is Kind.BATCH_RESULTS
            or (status["code"] if isinstance(status, dict) else response.get("status_code")) != 200
        ):
            continue
        made = bound(Request(route=found, body=asked, betas="context-1m"), rates, today)
        for answer in answers(bytes_of(response), Exchange(route=found, http_status=200, asked=asked)):
            cost = price(answer, today, rates).amount
            if cost:
                yield Held(cassette.name, made, cost, answer.usage.prompt_tokens)


def answers(body: bytes, exchange: Exchange) -> Iterator[Answer]:
    """What an answer says that it used."""
    plain, own = unpacked(body) or body, None
    for said in read_whole(body_of(exchange, "", plain[:1000]), plain):
        own = said.own or own
        yield from said.items
    yield from () if own is None else (own,)


def bytes_in(cassette: Path) -> bytes:
    """The text of a cassette."""
    return gzip.decompress(cassette.read_bytes()) if cassette.suffix == ".gz" else cassette.read_bytes()


def main(folders: list[str]) -> None:
    """Print what was found."""
    cassettes = [path for folder in folders for path in Path(folder).rglob("*.y*ml*") if path.is_file()]
    rows = [row for path in cassettes if b"claude" in bytes_in(path).lower() for row in held(path)]
    bounded = [(row, row.made) for row in rows if isinstance(row.made, Bound)]
    ratios = [made.amount / row.cost for row, made in bounded]
    read = [(sum(line.count for line in made.lines if "output" not in line.label), row.read) for row, made in bounded]
    ratios_read = [most / count for most, count in read if count]
    print(f"{len(rows)} billed answers, {len(rows) - len(bounded)} of them to requests without a bound")
    print(f"bound to cost: median {median(ratios):.1f}, least {min(ratios):.2f}")
    print(f"input bound to input: median {median(ratios_read):.1f}, least {min(ratios_read):.2f}")
    for row, made in bounded:
        if made.amount < row.cost:
            print(f"BELOW: {row.where}: {made.amount} for {row.cost}")


if __name__ == "__main__":
    main(sys.argv[1:])
