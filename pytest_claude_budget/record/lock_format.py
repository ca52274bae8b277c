"""Reads records from plain JSON values: those of lock files, which people review, and of reports. `lock_text.py` writes them.

`schemas/lock.schema.json` is the form. Read by hand rather than by a schema: a lock file of 10,000 tests is checked in a blink. A test holds both to each other.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted
from typing import Any

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.unusable_files import not_allowed
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.call import COUNTS, Usage
from pytest_claude_budget.record.lock_text import SCHEMA_VERSION
from pytest_claude_budget.record.record import OWNER_KINDS, Group, OwnerRecord, Record, Samples, Sites, Terms

LARGEST_COUNT = 10**15
_COUNT_KEYS = frozenset(COUNTS)
_TERMS = {"model": "model", "speed": "speed", "geo": "inference_geo", "tier": "service_tier"}
_FLAGS = ("batch", "regional", "long_prompt")
_NO_FLAGS = (False, False, False)
_SPECIAL = frozenset((*_TERMS.values(), *_FLAGS)) - {"model"}
"""What the terms of most groups leave out."""
_WORDS = ("on_top", "feature", "tier", "case")
_WORD_KEYS, _UNSAID = frozenset(_WORDS), [None] * len(_WORDS)
_WHOLE = ("calls", "attempts", "live", "unknown")
_KEYS = frozenset(
    (*_TERMS.values(), *_FLAGS, *_WORDS, *_WHOLE, "usage", "request", "samples", "sites", "spreads", "origin")
)
_SPREADS = frozenset((*COUNTS, "calls")) - {"output_tokens"}


@value_class(frozen=True, slots=True)
class Known:
    """A record that was read, with the plain values that it was read from."""

    entries: Mapping[str, Any]
    owners: Mapping[str, OwnerRecord]

    def get(self, name: str, entry: object) -> OwnerRecord | None:
        """The owner, if it was read from the same values: most of a run is as its baseline has it."""
        return self.owners.get(name) if self.entries.get(name) == entry else None


_NOTHING = Known({}, {})


def read_record(value: object, shown: str, known: Known = _NOTHING) -> Record:
    """A record from plain values; `shown` is the file as the user knows it. Raises InputError at the first fault."""
    reader = _Reader(shown=shown)
    document = reader.mapping(value, "the file")
    version = document.get("schema_version")
    if version != SCHEMA_VERSION:
        raise reader.other_version(version)
    if unknown := [key for key in document if key not in ("schema_version", "rates_as_of", "owners")]:
        raise reader.refused(unknown[0], "schema_version, rates_as_of or owners", unknown[0])
    owners = reader.mapping(document.get("owners"), "owners")
    return Record(
        rates_as_of=reader.day(document.get("rates_as_of"), "rates_as_of"),
        owners={name: known.get(name, entry) or reader.owner(name, entry) for name, entry in sorted(owners.items())},
    )


def read_groups(values: Sequence[object], shown: str, name: str) -> tuple[Group, ...]:
    """The groups of one owner from plain values. Raises InputError."""
    reader = _Reader(shown=shown)
    return tuple(reader.group(name, value) for value in values)


@value_class(frozen=True, slots=True)
class _Reader:
    """Takes values of a file that a person may have edited, or a server cut short."""

    shown: str

    def refused(self, where: str, expected: str, got: object) -> InputError:
        return not_allowed(self.shown, where, expected, got)

    def other_version(self, version: object) -> InputError:
        if type(version) is not int or version <= SCHEMA_VERSION:
            return self.refused("schema_version", f"the number {SCHEMA_VERSION}", version)
        what = f"schema_version: expected the number {SCHEMA_VERSION}, got {version}, which a newer version writes"
        hint = "install a newer version: pip install --upgrade pytest-claude-budget"
        return InputError(Problem(slug="bad-record", where=self.shown, what=what, hint=hint))

    def mapping(self, value: object, where: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.refused(where, "a JSON object", value)
        return value

    def day(self, value: object, where: str) -> date:
        try:
            return date.fromisoformat(value) if isinstance(value, str) else date.fromisoformat("")
        except ValueError:
            raise self.refused(where, "a day such as 2026-11-23", value) from None

    def owner(self, name: str, value: object) -> OwnerRecord:
        entry = self.mapping(value, name)
        kind, groups = entry.get("kind"), entry.get("groups")
        if kind not in OWNER_KINDS:
            raise self.refused(f"{name}: kind", f"one of {', '.join(OWNER_KINDS)}", kind)
        benchmark = entry.get("benchmark", False)
        if not isinstance(groups, list) or not isinstance(benchmark, bool) or len(entry) != 2 + ("benchmark" in entry):
            raise self.refused(name, "kind and a list of groups", value)
        read = tuple([self.group(name, group) for group in groups])
        return OwnerRecord(owner=name, kind=kind, groups=read, benchmark=benchmark)

    def group(self, name: str, value: object) -> Group:
        entry = self.mapping(value, name)
        if not _KEYS.issuperset(entry):
            raise self.refused(
                name, f"one of {', '.join(sorted(_KEYS))}", next(key for key in entry if key not in _KEYS)
            )
        calls = self.count(entry, "calls", name)
        origin = entry.get("origin")
        said = _UNSAID if _WORD_KEYS.isdisjoint(entry) else [self.word(entry, key, name) for key in _WORDS]
        on_top, feature, tier, case = said
        return Group(
            self.terms(entry, name),
            on_top or "",
            self.request(entry.get("request"), name),
            feature,
            tier,
            case,
            calls,
            self.count(entry, "attempts", name) if "attempts" in entry else calls,
            calls if origin == "live" else self.count(entry, "live", name) if "live" in entry else 0,
            self.count(entry, "unknown", name) if "unknown" in entry else 0,
            self.usage(entry.get("usage"), name),
            self.samples(entry, name),
            self.sites(entry["sites"], name) if "sites" in entry else (),
        )

    def terms(self, entry: Mapping[str, Any], name: str) -> Terms:
        if _SPECIAL.isdisjoint(entry):
            return _terms((self.word(entry, "model", name), None, None, None), _NO_FLAGS)
        said = tuple(self.word(entry, key, name) if key in entry else None for key in _TERMS.values())
        flags = tuple(entry.get(flag, False) for flag in _FLAGS)
        if flags != _NO_FLAGS and not all(isinstance(flag, bool) for flag in flags):
            raise self.refused(name, "true or false", flags)
        return _terms(said, flags)

    def word(self, entry: Mapping[str, Any], key: str, name: str) -> str | None:
        value = entry.get(key)
        if value is not None and not (isinstance(value, str) and len(value) <= 1000):
            raise self.refused(f"{name}: {key}", "a word", value)
        return value

    def count(self, entry: Mapping[str, Any], key: str, name: str) -> int:
        value = entry.get(key, 0)
        if type(value) is not int or not 0 <= value <= LARGEST_COUNT:
            raise self.refused(f"{name}: {key}", "a whole number from 0 up", value)
        return value

    def usage(self, value: object, name: str) -> Usage:
        counts = self.mapping(value, f"{name}: usage")
        if not _COUNT_KEYS.issuperset(counts):
            raise self.refused(f"{name}: usage", f"one of {', '.join(COUNTS)}", min(counts.keys() - _COUNT_KEYS))
        for number in counts.values():
            if type(number) is not int or not 0 <= number <= LARGEST_COUNT:
                for key in counts:
                    self.count(counts, key, name)
        return Usage(**counts)

    def request(self, value: object, name: str) -> str | None:
        return None if value is None else _compact_text(self.mapping(value, f"{name}: request"))

    def sites(self, value: object, name: str) -> Sites:
        entry = self.mapping(value, f"{name}: sites")
        return tuple((site, self.count(entry, site, f"{name}: sites")) for site in sorted(entry))

    def samples(self, entry: Mapping[str, Any], name: str) -> Samples | None:
        value, spreads = entry.get("samples"), entry.get("spreads")
        if value is None and spreads is None:
            return None
        count, total, squares = self.sums(value, 3, f"{name}: samples")
        others = () if spreads is None else self.mapping(spreads, f"{name}: spreads").items()
        if unknown := [key for key, _ in others if key not in _SPREADS]:
            raise self.refused(f"{name}: spreads", f"one of {', '.join(sorted(_SPREADS))}", unknown[0])
        read = []
        for key, sums in sorted(others):
            own_total, own_squares = self.sums(sums, 2, f"{name}: spreads")
            read.append((key, own_total, own_squares))
        return Samples(count=count, total=total, squares=squares, others=tuple(read)) if count else None

    def sums(self, value: object, length: int, where: str) -> list[int]:
        """So many whole numbers, the last of them a sum of squares."""
        if isinstance(value, list) and len(value) == length and all(type(n) is int and n >= 0 for n in value):
            return value
        expected = "the number of runs, their sum and" if length == 3 else "a sum and"
        raise self.refused(where, f"{expected} the sum of their squares", value)


_compact = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def _compact_text(value: Mapping[str, Any]) -> str:
    """As `_compact`, in a third of the time where there are words and numbers only, as nearly all requests have."""
    if not _PLAIN.issuperset(map(type, value.values())):
        return _compact(value)
    said = [f"{_quoted(key)}:{_quoted(each) if type(each) is str else each}" for key, each in sorted(value.items())]
    return f"{{{','.join(said)}}}"


_PLAIN = frozenset((str, int))


@lru_cache(maxsize=4096)
def _terms(said: tuple[str | None, ...], flags: tuple[bool, ...]) -> Terms:
    model, speed, geo, tier = said
    batch, regional, long_prompt = flags
    return Terms(
        model=model or "", speed=speed, geo=geo, tier=tier, batch=batch, regional=regional, long_prompt=long_prompt
    )
