"""The terms of one request's bound: what is read, what is written, and what the server may do besides, each at its dearest."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pytest_claude_budget.base.money import EXACT
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.bounds.asked import Asked
from pytest_claude_budget.bounds.images import tokens_of_image
from pytest_claude_budget.bounds.values import Assumptions, Line, Unbounded
from pytest_claude_budget.calls.long_prompts import LARGE_WINDOW
from pytest_claude_budget.pricing.in_force import InForce, Refusal, Side, in_force
from pytest_claude_budget.pricing.rates import Model, RateTable
from pytest_claude_budget.wire.routes import Kind, Route

_MILLION = 1_000_000
_NAME_RATES = "name its model in rates.aliases, or its rates in rates.file, of the budget file"
_TEXT = "one token for each byte: no tokenizer makes more"
_HIDDEN = "allowed for what the server adds around a prompt, and for tools"
_IMAGES = "by their width and height, or as the largest where these are not told"
_WHOLE = "the whole context window"
_WINDOW = f"{_WHOLE}: no prompt is longer"
_CODE = "code execution is billed by the hour of its container: not in the bound"


class NoBoundError(Exception):
    """There is no bound, as its value says."""

    def __init__(self, unbounded: Unbounded) -> None:
        super().__init__(unbounded.reason)
        self.unbounded = unbounded


@value_class(frozen=True, kw_only=True, slots=True)
class Under:
    """What all requests of one body have in common."""

    rates: RateTable
    day: date
    route: Route
    betas: str
    assumptions: Assumptions


class _Part(NamedTuple):
    label: str
    tokens: int
    why: str


class Terms:
    """What one request comes to at most. Making it raises NoBoundError, and so does asking for its lines."""

    def __init__(self, asked: Asked, under: Under) -> None:
        self._asked, self._under = asked, under
        self._spelled = under.route.model or asked.model
        self._held = self._rates_of(self._spelled, fast=asked.fast)
        self.model: Model = self._held.model
        self.notes: list[str] = list(self._held.notes)
        self.assumed: list[str] = []
        """What of the user's assumptions the lines rest on."""

    def lines(self) -> Iterator[Line]:
        """The terms of the sum."""
        asked = self._asked
        yield from self._answer(self._spelled, self._held, asked.output, "")
        if asked.substitutes is None:
            reason = "the server chooses the models that answer in the place of its own"
            raise NoBoundError(Unbounded(reason=reason, hint="list them in fallbacks, or leave it out"))
        for other in asked.substitutes:
            held = self._rates_of(other.model, fast=other.fast or (asked.fast and self._can_be_fast(other.model)))
            limit = asked.output if other.max_tokens is None else other.max_tokens
            yield from self._answer(other.model, held, limit, f"fallback {held.model.name}, ")
        yield from self._advisors()
        yield from self._searches()
        if asked.tools.runs_code:
            self.notes.append(_CODE)

    def _rates_of(self, model: str | None, *, fast: bool) -> InForce:
        under, asked = self._under, self._asked
        route = under.route
        if model is None:
            raise NoBoundError(Unbounded(reason="it names no model", hint=_NAME_RATES))
        passed_on = route.kind is Kind.COMPATIBLE or route.kind is Kind.GUESS
        # An account may be set to a region that its requests do not name, and a profile or a gateway may lead to one.
        geo = asked.geo or ("us" if route.model is None and not passed_on else None)
        regional = route.regional or passed_on or under.rates.resolve(model).opaque or "inference-profile/" in model
        conditions = ("fast" if fast else None, geo, None, route.kind is Kind.BATCH_CREATE, regional)
        held = in_force(under.rates, under.day, model, model, conditions)
        if isinstance(held, Refusal):
            raise NoBoundError(Unbounded(reason=held.reason, hint=_NAME_RATES))
        return held

    def _can_be_fast(self, spelled: str) -> bool:
        model = self._under.rates.find(spelled)
        return model is not None and model.row(self._under.day, fast=True) is not None

    def _answer(self, spelled: str | None, held: InForce, limit: int | None, before: str) -> Iterator[Line]:
        """One model's reading and writing, with a summary before it where there may be one."""
        asked, model = self._asked, held.model
        parts, longest = self._read(spelled, model)
        side = self._side(held, longest)
        rate = self._input_cell(side)
        times = asked.choices
        for part in parts:
            yield _line(before + part.label, part.tokens * times, (rate, part.why), side, held)
        output, why = self._written(model, limit, self._window(spelled, model))
        yield _line(f"{before}output", output * times, ("output", why), side, held)
        if asked.compacts:
            tokens = sum(part.tokens for part in parts)
            why = "read once more, to sum it up"
            yield _line(f"{before}compaction, input", tokens * times, (rate, why), side, held)
            output, why = self._written(model, None, None)
            yield _line(f"{before}compaction, output", output * times, ("output", why), side, held)

    def _read(self, spelled: str | None, model: Model) -> tuple[list[_Part], int]:
        """Tokens that are read in all rounds, and those of the longest prompt."""
        asked, assumed = self._asked, self._under.assumptions.input_tokens
        images = sum(tokens_of_image(data, model.name) for data in asked.images)
        found = (
            _Part("text", asked.text, _TEXT),
            _Part("hidden", asked.hidden, _HIDDEN),
            _Part("images", images, _IMAGES),
        )
        parts = [part for part in found if part.tokens]
        known = sum(part.tokens for part in parts)
        rounds, window = asked.tools.rounds, self._window(spelled, model)
        whose = [*asked.unsized, *(["what the server's tools read"] if rounds > 1 else [])]
        left = None if window is None else window * rounds - known
        if whose and assumed is not None and (left is None or left > 0):
            assumed = assumed if left is None else min(assumed, left)
            self.assumed.append(f"it reads at most {assumed:,} tokens besides its own: {', '.join(whose)}")
            parts.append(_Part("assumed input", assumed, f"cap_assumes, for {', '.join(whose)}"))
            return parts, known + assumed
        if window is None:
            if whose:
                reason = f"it holds {whose[0]}, and the context window of {model.name} is not known"
                raise NoBoundError(
                    Unbounded(reason=reason, hint="say what it reads: cap_assumes: {input_tokens: 20_000}")
                )
            return parts, known
        if rounds > 1:
            why = f"{_WINDOW}; read in at most {rounds} rounds of the server's tools"
            return [_Part("input", window * rounds, why)], window
        if asked.unsized and known < window:
            parts.append(_Part("input that is not told", window - known, f"{', '.join(asked.unsized)}: {_WINDOW}"))
        elif known > window:
            return [_Part("input", window, _WINDOW)], window
        return parts, min(window, sum(part.tokens for part in parts))

    def _window(self, spelled: str | None, model: Model) -> int | None:
        if model.context_window is not None and ("context-1m" in self._under.betas or "[1m]" in (spelled or "")):
            return max(model.context_window, LARGE_WINDOW)
        return model.context_window

    def _written(self, model: Model, limit: int | None, window: int | None) -> tuple[int, str]:
        """Tokens of an answer at most, with the reason. Thinking is among them."""
        allowed, why = (limit, "all that the request allows") if limit is not None else (model.max_output, "")
        if limit is not None and self._asked.thinking >= limit > 0:  # between calls of tools
            allowed, why = window, f"its thinking may go beyond {limit:,} max_tokens: {_WHOLE}"
        if allowed is None:
            reason = f"it sets no max_tokens that holds, and the longest answer of {model.name} is not known"
            raise NoBoundError(Unbounded(reason=reason, hint="set max_tokens, above all budget_tokens"))
        why = why or "the longest answer of the model: the request sets no limit to it"
        rounds = self._asked.tools.rounds
        if rounds > 1:
            allowed, why = allowed * rounds, f"{why}, in each of at most {rounds} rounds"
        assumed = self._under.assumptions.output_tokens
        if assumed is None or assumed >= allowed:
            return allowed, why
        self.assumed.append(f"its answer has at most {assumed:,} tokens, where {allowed:,} are allowed")
        return assumed, f"cap_assumes, where {allowed:,} are allowed"

    def _side(self, held: InForce, longest: int) -> Side:
        return held.high if held.high is not None and longest > held.threshold else held.low

    def _input_cell(self, side: Side) -> str:
        """The dearest rate at which a token may be read."""
        lifetime = self._asked.lifetime
        cells = ["input"]
        if lifetime is not None or self._under.route.kind is Kind.COMPATIBLE:  # a gateway may mark it
            cells.append("cache_write_5m")
        if lifetime == "1h":
            cells.append("cache_write_1h")
        return max(cells, key=lambda cell: getattr(side.each, cell))

    def _advisors(self) -> Iterator[Line]:
        for advisor in self._asked.tools.advisors:
            held = self._rates_of(advisor.model, fast=False)
            model, uses = held.model, advisor.uses
            limit = model.max_output if advisor.max_tokens is None else advisor.max_tokens
            if uses is None or model.context_window is None or limit is None:
                reason = f"its advisor {model.name} may be asked without limit"
                raise NoBoundError(Unbounded(reason=reason, hint="give the tool max_uses and max_tokens"))
            side = self._side(held, model.context_window)
            cell, why = self._input_cell(side), f"asked {uses} times at most"
            name = f"advisor {model.name}"
            yield _line(f"{name}, input", uses * model.context_window, (cell, f"{why}; {_WINDOW}"), side, held)
            yield _line(f"{name}, output", uses * limit, ("output", why), side, held)

    def _searches(self) -> Iterator[Line]:
        searches, assumed = self._asked.tools.searches, self._under.assumptions.web_searches
        why = "max_uses of its tools"
        if searches is None:
            if assumed is None:
                reason = "it may search the web without limit"
                hint = "give the tool max_uses, or say in the budget file what it needs: cap_assumes: {web_searches: 5}"
                raise NoBoundError(Unbounded(reason=reason, hint=hint))
            searches, why = assumed, "cap_assumes, where the request sets no limit"
            self.assumed.append(f"it searches the web at most {assumed:,} times")
        if searches:
            searches *= self._asked.choices
            rate = self._under.rates.web_search_per_1000
            amount = EXACT.multiply(searches, self._held.search_each)
            yield Line(label="web searches", count=searches, rate=rate, per=1000, factors=(), amount=amount, why=why)


def _line(label: str, count: int, cell_and_why: tuple[str, str], side: Side, held: InForce) -> Line:
    cell, why = cell_and_why
    each: Decimal = getattr(side.each, cell)
    shown = {"cache_write_5m": "written to the cache", "cache_write_1h": "written to the cache for 1h"}.get(cell)
    words = [label, *([shown] if shown else []), *([side.label] if side.label else [])]
    return Line(
        label=", ".join(words),
        count=count,
        rate=getattr(side.listed, cell),
        per=_MILLION,
        factors=held.factors,
        amount=EXACT.multiply(count, each),
        why=why,
    )
