"""Lines of batch results that have the form of an earlier one: what they say is found without parsing them.

A form is made from a line that was parsed: its text with holes, where another line may say something else and still be the same kind of
answer. Holes are the item's `custom_id`, the message's id, what the model wrote, and counts that nothing else depends on. Outside of
them every byte must be the same, and a hole takes one JSON value of its own kind. So a line that fits has the same objects with the
same keys, whatever its texts hold, and its answer differs in nothing but the counts in the holes. Every other line is parsed.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from hashlib import blake2b
from itertools import product
from json.decoder import scanstring  # type: ignore[attr-defined]  # public by its name, as `JSONDecoder.parse_string`
from typing import Any

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.alike import Alike
from pytest_claude_budget.calls.call import Answer, Status

LEARNED_FROM = 40
"""Lines that are parsed first: to make a form takes as long as to parse hundreds of lines."""
MOST_FORMS = 6
MOST_TRIES = 24
"""Lines that a form is made of, or could not be."""
LONGEST_LEARNED, LONGEST_FORM = 262_144, 8_000
"""Characters of a line that becomes a form, and of what is left of it without what may differ: a pattern is made of that."""
MOST_MISSED = 500
"""Lines that fit no form before it counts how many did."""

_Match = Callable[..., "re.Match[str] | None"]
_MARK = "\x7f"
_TEXT, _NAME, _THINKING = "text", "custom_id", "thinking_tokens"
_SHORT = r'[^"\\\x00-\x1f]*'
_POSITIVE = "[1-9][0-9]{0,11}"
"""A count that is no greater than LARGEST_COUNT, and not zero, which may mean something else."""
_PASSED_OVER = {
    "id": f'"{_SHORT}"',
    "number": r"-?(?:0|[1-9][0-9]{0,15})(?:\.[0-9]{1,20})?",
    "switch": "true|false",
    _THINKING: _POSITIVE,
}
"""What a hole takes that makes no difference."""
_KEPT = {
    "input_tokens": _POSITIVE,
    "output_tokens": _POSITIVE,
    "cache_read_input_tokens": f"0|{_POSITIVE}",
    "cache_creation_5m_input_tokens": f"0|{_POSITIVE}",
    "cache_creation_1h_input_tokens": f"0|{_POSITIVE}",
}
_WRITES = {f"ephemeral_{time}_input_tokens": f"cache_creation_{time}_input_tokens" for time in ("5m", "1h")}
_STYLES = [
    json.JSONEncoder(separators=separators, ensure_ascii=in_ascii).encode  # suites replace `json.dumps`
    for separators, in_ascii in product(((",", ":"), (", ", ": ")), (False, True))
]
"""How JSON is written."""
_EMPTY = blake2b(digest_size=8)


def item_hash(item: bytes) -> str:
    """A short hash of a `custom_id`, whose text is not kept."""
    state = _EMPTY.copy()  # a third of the price of a new one
    state.update(item)
    return state.hexdigest()


@value_class(frozen=True, kw_only=True, slots=True)
class _Form:
    answer: Answer
    """What the lines have in common."""
    columns: tuple[str, ...]
    first: _Match
    """Takes a line up to the first character of the first text in it, and keeps the `custom_id`."""
    between: tuple[_Match, ...]
    """Take what stands between two texts."""
    last: _Match
    """Takes the rest of a line behind the last text, and keeps the counts."""

    def rows(self, text: str, at: int) -> tuple[list[str], int]:
        """What lines say, as rows of an Alike, from one of them up to the first that does not fit; and where that begins."""
        first, between, last, empty, rows = self.first, self.between, self.last, _EMPTY.copy, list[str]()
        try:
            while (begin := first(text, at)) is not None:
                _, end = scanstring(text, begin.end())
                for take in between:
                    if (match := take(text, end)) is None:
                        return rows, at
                    _, end = scanstring(text, match.end())
                if (match := last(text, end)) is None:
                    break
                state = empty()
                state.update(begin[1].encode())
                rows.append(f'["{state.hexdigest()}",{",".join(match.groups())}]')
                at = match.end()
        except ValueError:
            """A text that JSON does not allow."""
        return rows, at


class AlikeLines:
    """The forms that one file of results was found to have."""

    def __init__(self) -> None:
        self._forms: list[_Form] = []
        self._parsed = self._tries = self._missed = self._fitted = 0

    def take(self, text: str, at: int) -> tuple[Alike, int] | None:
        """Read the lines from one on that have the same form, and tell where the next begins; None where it must be parsed."""
        for form in self._forms:
            rows, end = form.rows(text, at)
            if rows:
                self._fitted += len(rows)
                return Alike(answer=form.answer, columns=form.columns, rows=rows), end
        self._missed += 1
        if self._missed > MOST_MISSED and self._missed > self._fitted:
            self._forms.clear()
            self._tries = MOST_TRIES
        return None

    def learn(self, line: bytes, value: Mapping[str, Any], answer: Answer) -> None:
        """Make a form of a line that was parsed, where that is worth it."""
        self._parsed += 1
        enough = self._parsed < LEARNED_FROM or self._tries >= MOST_TRIES or len(self._forms) >= MOST_FORMS
        if enough or len(line) > LONGEST_LEARNED:
            return
        self._tries += 1
        try:
            form = _form_of(line, value, answer)
        except RecursionError:  # it was parsed by who needs no stack
            return
        if form is not None:
            self._forms.append(form)


def _form_of(line: bytes, value: Mapping[str, Any], answer: Answer) -> _Form | None:
    """The form of a line; None where it has none, or where its answer says more than counts."""
    text = line.decode("utf-8", "replace")
    plain = answer.status is Status.MEASURED and not (answer.notes or answer.iterations) and answer.batch_id is not None
    skeleton = _skeleton(text, value) if plain and _MARK not in text else None
    if skeleton is None or len(skeleton) > LONGEST_FORM:
        return None
    patterns = _patterns(skeleton)
    kept = [tuple(each.groupindex) for each in patterns]
    if len(patterns) < 2 or kept[0] != (_NAME,) or any(kept[1:-1]) or not kept[-1]:
        return None
    first, *between, last = patterns
    usage = replace(answer.usage, **dict.fromkeys(kept[-1], 0))
    form = _Form(
        answer=replace(answer, item_id=None, usage=usage),
        columns=kept[-1],
        first=first.match,
        between=tuple(each.match for each in between),
        last=last.match,
    )
    rows, _ = form.rows(f"{text}\n", 0)
    return form if list(Alike(answer=form.answer, columns=form.columns, rows=rows)) == [answer] else None


def _skeleton(text: str, value: Mapping[str, Any]) -> str | None:
    """A line with a mark in the place of each hole; None where it is not written as JSON is written here."""
    result = value["result"]
    message = result["message"]
    if type(value.get("custom_id")) is not str or type(message.get("id")) is not str:
        return None
    holes = {"id": _hole("id"), "content": _written(message.get("content")), "usage": _counted(message["usage"])}
    marked = {**value, "custom_id": _hole(_NAME), "result": {**result, "message": {**message, **holes}}}
    return next((encode(marked) for encode in _STYLES if encode(value) == text), None)


def _hole(name: str) -> str:
    return f"{_MARK}{name}{_MARK}"


def _written(content: Any) -> Any:
    """What the model wrote: its values make no difference, only which there are. The type of a block is mostly the same."""
    if isinstance(content, dict):
        return {name: each if name == "type" else _written(each) for name, each in content.items()}
    if isinstance(content, list):
        return [_written(each) for each in content]
    for kind, name in ((str, _TEXT), (bool, "switch"), (int, "number"), (float, "number")):
        if isinstance(content, kind):
            return _hole(name)
    return content


def _counted(usage: Mapping[str, Any]) -> dict[str, Any]:
    """A usage with holes for its counts, as far as each stands for itself."""
    marked = dict(usage)
    for name in ("input_tokens", "output_tokens"):
        if _is_positive(usage.get(name)):
            marked[name] = _hole(name)
    if type(usage.get("cache_read_input_tokens")) is int:
        marked["cache_read_input_tokens"] = _hole("cache_read_input_tokens")
    details, split = usage.get("output_tokens_details"), usage.get("cache_creation")
    if isinstance(details, dict) and _is_positive(details.get(_THINKING)):
        marked["output_tokens_details"] = {**details, _THINKING: _hole(_THINKING)}
    written = usage.get("cache_creation_input_tokens")
    if isinstance(split, dict) and split.keys() == _WRITES.keys() and type(written) is int:
        for name, column in _WRITES.items():
            if split == {**dict.fromkeys(_WRITES, 0), name: written}:  # all of them of one lifetime
                marked["cache_creation_input_tokens"] = _hole(column)
                marked["cache_creation"] = {**split, name: _hole(column)}
                break
    return marked


def _is_positive(count: object) -> bool:
    return type(count) is int and count > 0


def _patterns(skeleton: str) -> "list[re.Pattern[str]]":
    """The patterns of what stands before, between and behind texts of any length."""
    patterns, kept = [""], set[str]()
    literal, *marks = re.split(f'"{_MARK}([a-z0-9_]+){_MARK}"', skeleton)
    for name, behind in zip(marks[::2], marks[1::2], strict=True):
        patterns[-1] += re.escape(literal)
        literal = behind
        if name == _TEXT:
            patterns[-1] += '"'
            patterns.append("")
        elif name in _PASSED_OVER:
            patterns[-1] += f"(?:{_PASSED_OVER[name]})"
        elif name in kept:
            patterns[-1] += f"(?P={name})"
        else:
            patterns[-1] += f'"(?P<{name}>{_SHORT})"' if name == _NAME else f"(?P<{name}>{_KEPT[name]})"
            kept.add(name)
    patterns[-1] += re.escape(f"{literal}\n")
    return [re.compile(each) for each in patterns]
