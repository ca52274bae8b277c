"""YAML text to plain values, exact and bounded, each with its place in the file.

PyYAML's own values will not do: they turn dollars into floats, `on` into a boolean and `1:30` into a number of seconds,
they let a later key overwrite an earlier one in silence, and they forget on which line a value stood. So the values are
built here from PyYAML's events, one pass, and an input that would grow without bound is refused before it does.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.places import Marks, YamlDocument
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.base.yaml_scalars import BadNumber, plain_value

MAX_NODES = 20_000
MAX_DEPTH = 50
_TOO_DEEP = f"expected at most {MAX_DEPTH} levels of nesting, got more"
_NEST_LESS = "nest less; a missing bracket may be the cause"
_CONTROL_OF_ASCII = "[^\t\n\r\x20-\x7e]"
_CONTROL = "[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
"""Takes longer to compile than most budget files to read: only for what is not ASCII."""
_TAG = "tag:yaml.org,2002:"


def parse_yaml(text: str, name: str) -> YamlDocument:
    """The one document in a text. Raises InputError, whatever the text is."""
    import yaml

    control = re.search(_CONTROL_OF_ASCII if text.isascii() else _CONTROL, text)
    if control:
        before = text[: control.start()].splitlines(keepends=True) or [""]
        ended = before[-1] != before[-1].rstrip("\n\r\x85\u2028\u2029")
        line, column = (len(before) + 1, 1) if ended else (len(before), len(before[-1]) + 1)
        raise InputError(
            Problem(
                slug="control-character",
                where=f"{name}:{line}:{column}",
                what=f"expected text, got the control character {control.group()!r}",
                hint="remove it; in quoted text, write it as an escape",
            )
        )
    try:
        # The C loader where PyYAML was built with it (ten times as fast); both give the same events.
        loader = _loader()(text)
        try:
            return _Builder(_events(loader.get_event), name).document()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise InputError(_syntax_problem(error, text, name)) from None
    except yaml.YAMLError as error:
        raise InputError(_bad_yaml(name, str(error).partition("\n")[0])) from None


def _loader() -> Any:
    """PyYAML's loader in C, unless it belongs to an earlier import of yaml.

    A pytest run inside of a test forgets the modules that it imported; extension modules survive that, with classes
    that the next import of yaml does not know.
    """
    import yaml

    fast: Any = getattr(yaml, "CSafeLoader", None)
    if fast is None or not isinstance(fast("").get_event(), yaml.StreamStartEvent):
        return yaml.SafeLoader
    return fast


def _events(get_event: Callable[[], Any]) -> Iterator[Any]:
    while (event := get_event()) is not None:
        yield event


def _syntax_problem(error: Any, text: str, name: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    what = " ".join(part for part in (error.problem, error.context) if part)
    if mark is None:
        return _bad_yaml(name, what)
    where = f"{name}:{mark.line + 1}:{mark.column + 1}"
    if "nesting" in what:  # the parser has a bound of its own, and newer ones meet it first
        return Problem(slug="too-deep", where=where, what=_TOO_DEEP, hint=_NEST_LESS)
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())] or line[mark.column : mark.column + 1] == "\t":
        return Problem(
            slug="tab",
            where=where,
            what="expected spaces, got a tab, which YAML does not allow here",
            hint="indent with spaces, two for each level",
        )
    return _bad_yaml(where, what)


def _bad_yaml(where: str, what: str) -> Problem:
    return Problem(
        slug="bad-yaml",
        where=where,
        what=f"expected YAML, but {what}",
        hint="check the indentation, colons and quotes on this line and the one above",
    )


@value_class(frozen=True, kw_only=True, slots=True)
class _Built:
    value: Any
    marks: Marks
    size: int = 1
    """How many values it holds with itself, aliases counted as often as they are used."""
    height: int = 0


class _Builder:
    """Reads the events of one document; collects problems that reading can go on after, raises the others."""

    def __init__(self, events: Iterator[Any], name: str) -> None:
        self.events = events
        self.name = name
        self.problems: list[Problem] = []
        self.anchors: dict[str, _Built | None] = {}
        """None while the anchored value is still being read: an alias to it would hold itself."""
        self.size = 0

    def document(self) -> YamlDocument:
        from yaml import events as kinds

        next(self.events)
        if not isinstance(next(self.events), kinds.DocumentStartEvent):
            hint = "write at least its version: version: 1"
            raise InputError(Problem(slug="empty-file", where=self.name, what="the file is empty", hint=hint))
        built = self.value(next(self.events), depth=0)
        next(self.events)
        more = next(self.events)
        if isinstance(more, kinds.DocumentStartEvent):
            hint = "keep one, and remove the line '---' before the other"
            raise self.fatal(more, "several-documents", "expected one YAML document, got a second one", hint)
        if self.problems:
            raise InputError(*self.problems)
        return YamlDocument(value=built.value, name=self.name, marks=built.marks)

    def value(self, event: Any, depth: int) -> _Built:
        from yaml import events as kinds

        if isinstance(event, kinds.AliasEvent):
            built = self.alias(event)
            self.grow(event, built.size, depth + built.height)
            return built
        self.grow(event, 1, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        if isinstance(event, kinds.ScalarEvent):
            line, column = _place(event)
            built = _Built(value=self.scalar(event), marks=Marks(line=line, column=column))
        elif isinstance(event, kinds.SequenceStartEvent):
            self.check_tag(event, "seq")
            built = self.sequence(event, depth, kinds.SequenceEndEvent)
        else:
            self.check_tag(event, "map")
            built = self.mapping(event, depth, kinds.MappingEndEvent)
        if event.anchor is not None:
            self.anchors[event.anchor] = built
        return built

    def grow(self, event: Any, size: int, depth: int) -> None:
        self.size += size
        if self.size > MAX_NODES:
            what = f"expected at most {MAX_NODES:,} values, got more"
            raise self.fatal(event, "too-large", what, "use fewer aliases, or a shorter file")
        if depth > MAX_DEPTH:
            raise self.fatal(event, "too-deep", _TOO_DEEP, _NEST_LESS)

    def alias(self, event: Any) -> _Built:
        if event.anchor not in self.anchors:
            what = f"alias {event.anchor!r} has no anchor before it"
            raise self.fatal(event, "bad-alias", what, f"define it first, as in key: &{event.anchor} value")
        built = self.anchors[event.anchor]
        if built is None:
            what = f"alias {event.anchor!r} stands inside of the value that it names"
            raise self.fatal(event, "bad-alias", what, "write the value out instead of the alias")
        line, column = _place(event)
        marks = Marks(line=line, column=column, keys=built.marks.keys, children=built.marks.children)
        return _Built(value=built.value, marks=marks, size=built.size, height=built.height)

    def sequence(self, start: Any, depth: int, end: type) -> _Built:
        items: list[_Built] = []
        while not isinstance(event := next(self.events), end):
            items.append(self.value(event, depth + 1))
        return _collection(start, [item.value for item in items], dict(enumerate(items)), {})

    def mapping(self, start: Any, depth: int, end: type) -> _Built:
        items: dict[str | int, _Built] = {}
        keys: dict[str, tuple[int, int]] = {}
        while not isinstance(event := next(self.events), end):
            key = self.key(event)
            place = _place(event)
            item = self.value(next(self.events), depth + 1)
            if key in keys:
                what = f"key {key!r} is already on line {keys[key][0]}, and again on line {place[0]}"
                self.problem(event, "duplicate-key", what, "remove one of the two")
                continue
            keys[key] = place
            items[key] = item
        return _collection(start, {key: item.value for key, item in items.items()}, items, keys)

    def key(self, event: Any) -> str:
        """A key is text as it is written, whatever it looks like: `2026-11-23`, `1` and `on` are names."""
        from yaml import events as kinds

        if not isinstance(event, kinds.ScalarEvent):
            raise self.fatal(event, "bad-key", "expected a name as key, got something else", "quote it if it is text")
        self.grow(event, 1, 0)
        self.check_tag(event, "str")
        text = str(event.value)
        line, column = _place(event)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Built(value=text, marks=Marks(line=line, column=column))
        if text == "<<" and event.implicit[0]:
            hint = "write the keys out in each place; an alias of a whole value is fine"
            self.problem(event, "merge-key", "merge keys ('<<') are not supported", hint)
        return text

    def scalar(self, event: Any) -> Any:
        text: str = event.value
        if event.tag is not None or not event.implicit[0]:
            self.check_tag(event, "str")
            return text
        value = plain_value(text)
        if isinstance(value, BadNumber):
            self.problem(event, value.slug, value.what, value.hint)
            return None
        return value

    def check_tag(self, event: Any, kind: str) -> None:
        if event.tag not in (None, "!", _TAG + kind):
            shown = event.tag.replace(_TAG, "!!")
            self.problem(event, "yaml-tag", f"expected a plain value, got the tag {shown!r}", "remove the tag")

    def problem(self, event: Any, slug: str, what: str, hint: str) -> None:
        line, column = _place(event)
        self.problems.append(Problem(slug=slug, where=f"{self.name}:{line}:{column}", what=what, hint=hint))

    def fatal(self, event: Any, slug: str, what: str, hint: str) -> InputError:
        """The error to raise: all problems so far, with this one as the last."""
        self.problem(event, slug, what, hint)
        return InputError(*self.problems)


def _place(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _collection(start: Any, value: Any, items: Mapping[str | int, _Built], keys: dict[str, tuple[int, int]]) -> _Built:
    line, column = _place(start)
    return _Built(
        value=value,
        marks=Marks(line=line, column=column, keys=keys, children={step: built.marks for step, built in items.items()}),
        size=1 + sum(built.size for built in items.values()) + len(keys),
        height=1 + max((built.height for built in items.values()), default=0),
    )
