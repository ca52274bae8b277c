"""JSON that passes in pieces: read once, at its end, and told like any other where it is long or cut."""

import asyncio
import gzip
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pytest_claude_budget.calls.call import Answer, Status
from pytest_claude_budget.intercept import whole_json
from pytest_claude_budget.intercept.httpcore_exchanges import OverPool
from pytest_claude_budget.intercept.live_or_simulated import NEVER_SENT
from pytest_claude_budget.intercept.plain_http import Asked, Got, Plain, url_of
from pytest_claude_budget.intercept.runs_that_watch import Watchers
from pytest_claude_budget.intercept.whole_json import Looks, Whole, looks_of, looks_of_async
from tests.builders.watched import ASKED, URL, Told, message

BODY = json.dumps(message()).encode()
HALVES = [BODY[:50], BODY[50:]]
JSON = ("content-type", "application/json; charset=utf-8")
MAY_BE_BILLED = "no answer came (AnswerNotReadError); it may have been billed"


def passing(
    use: Callable[[Looks], Any], *headers: tuple[str, str], carrier: Plain | None = None, asynchronous: bool = False
) -> list[Answer]:
    """What is told of an answer whose body passes as `use` says."""
    sink, watchers = Told(), Watchers()
    watchers.add(sink)
    asked = Asked("POST", url_of(URL), [], json.dumps(ASKED).encode())
    seen = watchers.begin(carrier or Plain(object(), frozenset()), asked)
    assert seen is not None
    got = Got(200, [JSON, *headers])
    looks = asyncio.run(looks_of_async(seen, got)) if asynchronous else looks_of(seen, got)
    assert isinstance(looks, Whole)
    use(looks)
    assert sink.faults == []
    return sink.answers


def to_the_end(looks: Looks, pieces: Sequence[bytes], *, complete: bool = True, asynchronous: bool = False) -> None:
    async def read() -> None:
        for piece in pieces:
            await looks.fed_async(piece)
        await looks.ended_async()

    if asynchronous:
        asyncio.run(read())
    else:
        for piece in pieces:
            looks.fed(piece)
        looks.ended(complete=complete)
    looks.dropped()  # a tap says so of every stream that is closed


@pytest.mark.parametrize("asynchronous", [False, True])
@pytest.mark.parametrize("longest", [40, 60, 1_000_000], ids=["long at once", "long later", "short"])
def test_json_in_pieces_is_one_answer(monkeypatch: pytest.MonkeyPatch, longest: int, *, asynchronous: bool) -> None:
    monkeypatch.setattr(whole_json, "LONGEST_WHOLE", longest)
    told = passing(lambda looks: to_the_end(looks, HALVES, asynchronous=asynchronous), asynchronous=asynchronous)
    assert [(each.status, each.usage.input_tokens, each.usage.output_tokens) for each in told] == [
        (Status.MEASURED, 1_000, 100)
    ]


def test_its_content_coding_is_undone() -> None:
    packed = [("content-encoding", "gzip")]
    told = passing(lambda looks: to_the_end(looks, [gzip.compress(BODY)]), *packed)
    assert [each.usage.input_tokens for each in told] == [1_000]
    (damaged,) = passing(lambda looks: to_the_end(looks, [b"no gzip"]), *packed)
    assert (damaged.status, damaged.reason) == (Status.UNMEASURED, "the answer's compressed bytes are damaged")


@pytest.mark.parametrize("longest", [10, 1_000_000])
def test_json_that_is_cut_is_unmeasured(monkeypatch: pytest.MonkeyPatch, longest: int) -> None:
    monkeypatch.setattr(whole_json, "LONGEST_WHOLE", longest)
    told = passing(lambda looks: to_the_end(looks, HALVES[:1], complete=False))
    assert [(each.status, each.reason) for each in told] == [(Status.UNMEASURED, "the answer was not read to its end")]


@pytest.mark.parametrize("carrier", [Plain(object(), frozenset()), OverPool(object(), NEVER_SENT)])
def test_json_whose_reader_goes_away_may_have_been_billed(carrier: Plain) -> None:
    (told,) = passing(lambda looks: looks.dropped(), carrier=carrier)
    assert (told.status, told.reason) == (Status.UNMEASURED, MAY_BE_BILLED)
