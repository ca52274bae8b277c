"""JSON Schema errors in the words of a person who edits the file, each at its line.

A schema says in its own keywords what a person should read (a validator ignores them), so that rule and words stand in
one place:

- `x-expected`, `x-range`: what was allowed; the second where the value is a number, only a wrong one
- `x-write`, `x-example`, `x-hint`: the parts of the hint, or the whole of it
- `x-slug`, `x-what`, `x-key`: another slug, another sentence, the key to point at
- `x-elsewhere`: keys that belong into another part of the file: a `hint`, and the `examples` that end it, by key
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from pytest_claude_budget.base.errors import Problem
from pytest_claude_budget.base.places import ValuePath, YamlDocument, shown_path
from pytest_claude_budget.base.quick_schema import surely_allows
from pytest_claude_budget.base.values import value_class

_LONGEST = 60
"""Characters of a value that are quoted back."""
_NUMBER = re.compile(r"\s*[-+]?[0-9][0-9_.,]*\s*")
_TYPES = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "nothing",
}
_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "text of {} or more characters",
    "maxLength": "text of at most {} characters",
    "minItems": "a list of {} or more",
    "maxItems": "a list of at most {}",
    "minProperties": "a mapping of {} or more keys",
    "maxProperties": "a mapping of at most {} keys",
    "pattern": "text of the form {}",
    "const": "{}",
}


def validate(document: YamlDocument, schema: Mapping[str, Any]) -> list[Problem]:
    """All that a schema (draft 2020-12) has to say against a document, in the order of the file."""
    if surely_allows(schema, document.value):
        return []
    from jsonschema import Draft202012Validator

    errors = list(Draft202012Validator(schema).iter_errors(document.value))
    unknown = {tuple(error.absolute_path) for error in errors if error.validator == "additionalProperties"}
    other_types = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    found: dict[Problem, tuple[int, int]] = {}
    for error in errors:
        path: ValuePath = tuple(error.absolute_path)
        rule = error.schema if isinstance(error.schema, dict) else {}
        if "x-what" in rule and path in unknown:
            continue  # what seems to be missing is the key that was misspelt
        if error.validator != "type" and path in other_types:
            continue  # of something else, neither least nor most is a question
        for problem, place in _problems(document, error, rule, path):
            found.setdefault(problem, place)
    return sorted(found, key=lambda problem: found[problem])


def suggestion(word: str, allowed: Iterable[str]) -> str | None:
    """`did you mean 'max_cost'?`, where one of the allowed words is close."""
    import difflib

    near = difflib.get_close_matches(word.lower(), list(allowed), n=1, cutoff=0.6)
    return f"did you mean {near[0]!r}?" if near else None


def shown_value(value: Any) -> str:
    """A value quoted back, on one line, without control characters and not too long."""
    if isinstance(value, (dict, list)):
        return "a mapping" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return "nothing" if value is None else str(value).lower()
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return "a vast number"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if not isinstance(value, str):
        return f"a value of type {type(value).__name__}"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 2]}…{text[0]}"


@value_class(frozen=True, kw_only=True, slots=True)
class _Spot:
    """What a problem is about."""

    document: YamlDocument
    path: ValuePath
    place: tuple[int, int]

    def problem(self, slug: str, what: str, hint: str) -> tuple[Problem, tuple[int, int]]:
        where = f"{self.document.name}:{self.place[0]}:{self.place[1]}"
        prefix = f"{shown_path(self.path)}: " if self.path else ""
        return Problem(slug=slug, where=where, what=prefix + what, hint=hint), self.place


def _problems(
    document: YamlDocument, error: Any, rule: Mapping[str, Any], path: ValuePath
) -> Iterator[tuple[Problem, tuple[int, int]]]:
    """The problems that one error stands for, with their places to sort by."""
    if error.validator == "additionalProperties":
        for key in error.instance:
            if key not in rule.get("properties", {}) and not _matches_any(key, rule.get("patternProperties", {})):
                yield _unknown_key(_key_spot(document, (*path, key)), rule, key)
        return
    if error.validator == "required":
        for key in error.validator_value:
            if key not in error.instance:
                yield _missing_key(_Spot(document=document, path=(*path, key), place=document.place(path)), rule, key)
        return
    if "propertyNames" in error.absolute_schema_path:
        spot = _key_spot(document, (*path, error.instance))
    elif "x-key" in rule:
        spot = _key_spot(document, (*path, rule["x-key"]))
    else:
        spot = _Spot(document=document, path=path, place=document.place(path))
    what = rule.get("x-what") or f"expected {_expected(error, rule)}, got {shown_value(error.instance)}"
    yield spot.problem(rule.get("x-slug", "bad-value"), what, _hint(error, rule, path))


def _key_spot(document: YamlDocument, path: ValuePath) -> _Spot:
    return _Spot(document=document, path=path, place=document.key_place(path))


def _unknown_key(spot: _Spot, rule: Mapping[str, Any], key: str) -> tuple[Problem, tuple[int, int]]:
    allowed = list(rule.get("properties", {}))
    what = f"unknown key, expected one of {', '.join(allowed)}"
    if key.isdecimal():  # max_cost: 1,5
        return spot.problem("unknown-key", what, "write fractions with a point: in braces, a comma ends a value")
    for elsewhere in rule.get("x-elsewhere", ()):
        if key in elsewhere["examples"]:
            return spot.problem("unknown-key", what, f"{elsewhere['hint']}{elsewhere['examples'][key]}")
    return spot.problem("unknown-key", what, suggestion(key, allowed) or "remove the key")


def _missing_key(spot: _Spot, rule: Mapping[str, Any], key: str) -> tuple[Problem, tuple[int, int]]:
    example = _example(rule.get("properties", {}).get(key, {}))
    hint = f"add it, for example {key}: {example}" if example else "add it"
    return spot.problem("missing-key", "expected this key, which is missing", hint)


def _expected(error: Any, rule: Mapping[str, Any]) -> str:
    # A fraction of a call, or a word, is no question of range.
    if "x-range" in rule and error.validator != "type" and _looks_numeric(error.instance):
        return str(rule["x-range"])
    if "x-expected" in rule:
        return str(rule["x-expected"])
    allowed = error.validator_value
    if error.validator == "enum":
        return "one of " + ", ".join(str(item) for item in allowed)
    if error.validator == "type":
        return " or ".join(_TYPES.get(kind, kind) for kind in ([allowed] if isinstance(allowed, str) else allowed))
    if error.validator in ("anyOf", "oneOf"):
        kinds = list(dict.fromkeys(_TYPES[part["type"]] for part in allowed if part.get("type") in _TYPES))
        return " or ".join(kinds) if kinds else "one of the forms that the schema describes"
    return _BOUNDS.get(error.validator, "what the schema describes").format(allowed)


def _hint(error: Any, rule: Mapping[str, Any], path: ValuePath) -> str:
    if "x-hint" in rule:
        return str(rule["x-hint"])
    if error.validator == "enum" and isinstance(error.instance, str):
        near = suggestion(error.instance, (item for item in error.validator_value if isinstance(item, str)))
        if near:
            return near
    example = _example(rule)
    if not example:
        return "write what was expected, or remove the line"
    key = f"{path[-1]}: " if path and isinstance(path[-1], str) else "- " if path else ""
    return f"write {rule.get('x-write', 'it so')}, for example {key}{example}"


def _example(rule: Mapping[str, Any]) -> str | None:
    if "x-example" in rule:
        return str(rule["x-example"])
    examples: Sequence[Any] = rule.get("examples", ())
    return str(examples[0]) if examples and isinstance(examples[0], (str, int)) else None


def _looks_numeric(value: Any) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _matches_any(key: str, patterns: Iterable[str]) -> bool:
    return any(re.search(pattern, key) for pattern in patterns)
