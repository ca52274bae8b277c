"""Which known model a misspelt name most likely means: for hints alone, never for a price.

A hint that leads to another family or generation leads to another price, so it is worse than none: only the letters may
be a little wrong, the digits of the version must be the same.
"""

import re

from pytest_claude_budget.base.globs import compile_glob
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.model_ids import normalise
from pytest_claude_budget.pricing.rates import RateTable

_LONGEST = 100
"""Characters of the longest name that is looked at."""
_LEAST_ALIKE = 0.75
_SAYS_NO_MODEL = frozenset(("claude", "anthropic", "latest", "fast", "thinking", "beta"))
_DATE = re.compile(r"20[0-9]{6}")
_VERSION_DOT = re.compile(r"(?<=[0-9])\.(?=[0-9])")
_BEDROCK_VERSION = re.compile(r"-v[0-9]+(:[0-9]+)*$")


@value_class(frozen=True, kw_only=True, slots=True)
class _Parts:
    """What a name is made of, in whatever order and with whatever signs between."""

    words: tuple[str, ...]
    version: str
    """Its digits: `45`."""
    date: str
    """Empty where there is none."""


def did_you_mean(model: str, rates: RateTable) -> str | None:
    """`did you mean 'claude-sonnet-4-5'?`, where a name that the table accepts is close."""
    meant = meant_model(model, rates)
    return None if meant is None else f"did you mean {meant!r}?"


def meant_model(model: str, rates: RateTable) -> str | None:
    """The spelling that was most likely meant, of the same family, version, region and mode; None where none is close."""
    if len(model) > _LONGEST or not model.isascii() or not model.isprintable():
        return None
    text = model.strip().lower().removesuffix("-latest")
    plain = normalise(text)
    if plain.opaque:
        return None
    parts = _parts(_BEDROCK_VERSION.sub("", plain.name))
    name = _nearest(parts, rates)
    if name is None:
        return None
    family = "".join(_parts(name).words)
    word = max((*parts.words, "".join(parts.words)), key=lambda each: _likeness(each, family))
    # What stands before it is not understood: perhaps a region, which has a price.
    bare_loses = "." in _VERSION_DOT.sub("", text) and "." not in name
    for fixed in (text, text.replace(word, family), text.replace(plain.name, name), name):
        found = rates.resolve(fixed)
        same = found.model is rates.find(name) and (found.regional, found.fast) == (plain.regional, plain.fast)
        if same and not (fixed == name and bare_loses):
            return fixed
    return None


def unmet_match(match: str, rates: RateTable) -> str | None:
    """What to say of a limit's `match` that no name of the table fits; None where one does.

    A model of the user's own that has no rates may be meant, so this is no error.
    """
    names = [name for model in rates.models.values() for name in (model.name, *model.aliases)]
    if any(compile_glob("model", match).matches(name) for name in (*names, *rates.aliases)):
        return None
    what = f"no model of the rate table is called {match[:_LONGEST]!r}"
    families = {"".join(parts.words) for parts in map(_parts, names) if parts.words}
    for word in _parts(match[:_LONGEST]).words:
        family = max(families, key=lambda each: _likeness(word, each), default="")
        fixed = match.lower().replace(word, family)
        if _likeness(word, family) >= _LEAST_ALIKE and any(
            compile_glob("model", fixed).matches(name) for name in names
        ):
            return f"{what}: did you mean {fixed!r}?"
    near = did_you_mean(match, rates)
    return f"{what}: {near}" if near else what


def _nearest(parts: _Parts, rates: RateTable) -> str | None:
    """The closest of all names: by letters, then by date, then the one without a date, then the shortest."""
    names = [*rates.aliases, *(name for model in rates.models.values() for name in (*model.aliases, model.name))]
    rated = []
    for name in names:
        other = _parts(name)
        if other.version == parts.version and other.words and parts.words:
            joined = "".join(other.words)
            likeness = max(_likeness(word, joined) for word in (*parts.words, "".join(parts.words)))
            if likeness >= _LEAST_ALIKE:
                rated.append((likeness, other.date == parts.date, not other.date, other.date, joined, -len(name), name))
    best = max(rated, default=None)
    if best is None or any(each[0] == best[0] and each[4] != best[4] for each in rated):
        return None  # nothing is close, or two families are
    return best[-1]


def _likeness(word: str, other: str) -> float:
    from difflib import SequenceMatcher

    return SequenceMatcher(None, word, other, autojunk=False).ratio()


def _parts(name: str) -> _Parts:
    words = tuple(word for word in re.findall(r"[a-z]+", name.lower()) if word not in _SAYS_NO_MODEL)
    numbers = re.findall(r"[0-9]+", name)
    dates = [number for number in numbers if _DATE.fullmatch(number)]
    version = [number for number in numbers if number not in dates]
    if len(version) > 1 and version[-1] == "0":
        del version[-1]  # 4-0 is 4
    return _Parts(words=words, version="".join(version), date=dates[0] if dates else "")
