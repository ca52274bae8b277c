"""An answer taken apart into portions that are billed at one set of rates each.

Most answers are one portion. Long prompts, compaction, advisors and fallbacks make more of them: what is inside the
answer's own counts is told apart from what comes on top.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import COUNTS, OF_MANY, Answer, Iteration, Status, Usage
from pytest_claude_budget.pricing.in_force import InForce, Refusal, Side, in_force, quoted
from pytest_claude_budget.pricing.rates import RateTable

LOOP_ASSUMED = "assumed to be one long prompt: a server-tool loop tells only the sum of its prompts"
REST_ASSUMED = "assumed to be one long prompt: what the listed iterations leave of the answer's own counts"
SUMMED = "its requests are told in one sum: which of them were long prompts, at higher rates, is not known"
MISFIT = "the listed iterations are more than the answer's own counts: priced as far as these go"


_MEASURED = Status.MEASURED  # Python 3.11 searches an enum's class at each look


@value_class(frozen=True, kw_only=True, slots=True)
class Portion:
    """Tokens of an answer that are billed at one set of rates."""

    usage: Usage
    rates: InForce
    side: Side
    label: str = ""
    """What it is, where it comes on top of the answer's own counts."""


@dataclass(kw_only=True, slots=True)
class Parts:
    """All that an answer is billed for."""

    rates: InForce
    """Of the answer itself."""
    portions: list[Portion] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    """Why the portions are not all."""

    def on_top(self) -> Usage | None:
        """The counts of the portions that are not inside the answer's own; None where there are none."""
        total: Usage | None = None
        for portion in self.portions:
            if portion.label:
                total = portion.usage if total is None else _combined(total, portion.usage)
        return total


def rates_of(answer: Answer, day: date, rates: RateTable) -> InForce | Refusal:
    """The rates of an answer's own counts."""
    conditions = (answer.speed, answer.inference_geo, answer.service_tier, answer.batch, answer.regional)
    return in_force(rates, day, answer.model, answer.requested_model, conditions)


def only_rates(answer: Answer, day: date, rates: RateTable) -> InForce | None:
    """The rates of an answer that is one portion at low rates, as nearly all are; None where it takes a closer look."""
    if answer.status is not _MEASURED or answer.iterations:
        return None
    conditions = (answer.speed, answer.inference_geo, answer.service_tier, answer.batch, answer.regional)
    own = in_force(rates, day, answer.model, answer.requested_model, conditions)  # as `rates_of`, a call less for each
    if isinstance(own, InForce) and (own.high is None or answer.usage.prompt_tokens <= own.threshold):
        return own
    return None


def take_apart(answer: Answer, day: date, rates: RateTable) -> Parts | Refusal:
    """Split an answer whose usage is known, at least in part."""
    own = rates_of(answer, day, rates)
    if isinstance(own, Refusal):
        return own
    parts = Parts(rates=own)
    if not answer.iterations:
        if answer.endpoint in OF_MANY and own.high is not None and answer.usage.prompt_tokens > own.threshold:
            parts.portions.append(Portion(usage=answer.usage, rates=own, side=own.low))
            parts.gaps.append(SUMMED)
            return parts
        _add_own(parts, answer.usage, ())
        return parts
    sorting = _Sorting(answer=answer, day=day, rates=rates, parts=parts)
    inside, extra = sorting.sort()
    _add_own(parts, answer.usage, inside)
    sorting.add(extra)
    return parts


def _add_own(parts: Parts, usage: Usage, inside: Iterable[Usage]) -> None:
    """The answer's own counts: at the low rates, but for prompts above the threshold."""
    own = parts.rates
    if own.high is None or usage.prompt_tokens <= own.threshold:
        parts.portions.append(Portion(usage=usage, rates=own, side=own.low))
        return
    low, high = _by_prompt(parts, usage, list(inside))
    if low != Usage():
        parts.portions.append(Portion(usage=low, rates=own, side=own.low))
    if high != Usage():
        parts.portions.append(Portion(usage=high, rates=own, side=own.high))


def _by_prompt(parts: Parts, usage: Usage, inside: list[Usage]) -> tuple[Usage, Usage]:
    """Which of the answer's own counts belong to prompts up to the threshold, and which to longer ones."""
    own, notes = parts.rates, parts.notes
    loop = bool(usage.web_search_requests or usage.web_fetch_requests or usage.code_execution_requests)
    low, high, rest = Usage(), Usage(), usage
    for entry in inside:
        within = _combined(entry, rest, least=True)
        if within.prompt_tokens < entry.prompt_tokens and MISFIT not in notes:
            notes.append(MISFIT)
        rest = _combined(rest, within, sign=-1)
        if entry.prompt_tokens > own.threshold:
            high = _combined(high, within)
        else:
            low = _combined(low, within)
    if rest.prompt_tokens <= own.threshold:
        return _combined(low, rest), high
    if inside or loop:
        window = own.model.context_window
        if window is not None and window <= own.threshold:
            return _combined(low, rest), high
        notes.append(REST_ASSUMED if inside else LOOP_ASSUMED)
    return low, _combined(high, rest)


def _combined(one: Usage, other: Usage, *, sign: int = 1, least: bool = False) -> Usage:
    """Sum or difference of two usages, or the lesser of each count."""
    pairs = ((count, getattr(one, count), getattr(other, count)) for count in COUNTS)
    return Usage(**{count: min(a, b) if least else a + sign * b for count, a, b in pairs})


@value_class(frozen=True, kw_only=True, slots=True)
class _Sorting:
    """The entries of `usage.iterations`, each put where it is billed."""

    answer: Answer
    day: date
    rates: RateTable
    parts: Parts

    def sort(self) -> tuple[list[Usage], list[tuple[str, str | None, Iteration]]]:
        """Counts that are inside the answer's own; and what comes on top, with its label and model."""
        entries = self.answer.iterations
        fallback = any(entry.kind == "fallback_message" for entry in entries)
        inside: list[Usage] = []
        extra: list[tuple[str, str | None, Iteration]] = []
        for entry in entries:
            if entry.kind == "compaction":
                extra.append(("compaction", self._request_model(fallback=fallback), entry))
            elif entry.kind == "advisor_message":
                extra.append(("advisor", entry.model, entry))
            elif entry.kind == "message" and fallback and self._declined(entry):
                if entry.usage.output_tokens:  # a refusal without output is not billed
                    extra.append(("declined attempt", entry.model or self.answer.requested_model, entry))
            elif entry.kind in ("message", "fallback_message"):
                inside.append(entry.usage)
            else:
                kind = f"usage.iterations has an entry of the unknown kind {quoted(entry.kind)}"
                self.parts.gaps.append(f"{kind}, which is not priced")
        return inside, extra

    def add(self, extra: list[tuple[str, str | None, Iteration]]) -> None:
        """Price what comes on top, each entry a prompt of its own. One that has no price leaves a lower bound."""
        for label, model, entry in extra:
            held = self._in_force(label, model)
            if isinstance(held, Refusal):
                self.parts.gaps.append(held.reason if model is None else f"{label}: {held.reason}")
                continue
            high = held.high if entry.usage.prompt_tokens > held.threshold else None
            portion = Portion(usage=entry.usage, rates=held, side=high or held.low, label=f"{label} {held.model.name}")
            self.parts.portions.append(portion)
            self.parts.notes += held.notes

    def _in_force(self, label: str, model: str | None) -> InForce | Refusal:
        if model is None:
            return Refusal(reason=f"the {label} entry of usage.iterations names no model")
        conditions = self.parts.rates.conditions
        held = in_force(self.rates, self.day, model, None, conditions)
        if isinstance(held, InForce) or conditions[0] != "fast":
            return held
        standard = in_force(self.rates, self.day, model, None, ("standard", *conditions[1:]))
        if isinstance(standard, InForce):
            name = quoted(standard.model.name)
            self.parts.notes.append(f"{label} by {name}, which has no fast rates: priced at its standard rates")
        return standard

    def _request_model(self, *, fallback: bool) -> str | None:
        """The model that was asked for. Where nothing fell back, the answer's own, if the asked name is not known."""
        requested = self.answer.requested_model
        if requested is None or (not fallback and self.rates.find(requested) is None):
            return self.answer.model
        return requested

    def _declined(self, entry: Iteration) -> bool:
        """Is this an attempt of another model than the one that served? Its own earlier rounds are `message` too."""
        model = entry.model or self.answer.requested_model
        return model is None or self.rates.find(model) is not self.parts.rates.model
