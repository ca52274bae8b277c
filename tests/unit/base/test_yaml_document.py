"""YAML gives exact values with their places, or an error at its line."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.base.places import YamlDocument
from pytest_claude_budget.base.yaml_document import parse_yaml
from pytest_claude_budget.files.read_write import read_yaml
from tests.builders.tries import tries


def read(tmp_path: Path, content: str | bytes) -> YamlDocument:
    """The document of a file with that content, under the name `b.yml`."""
    path = tmp_path / "some.yml"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_yaml(path, "b.yml")


def refusal(tmp_path: Path, content: str | bytes) -> str:
    """The error of a file with that content."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)
    return str(caught.value)


def leaves(value: Any) -> Iterator[Any]:
    """All values in a value that hold no others."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20_000", 20_000),
        ("+3", 3),
        ("-0", 0),
        ("0.1", Decimal("0.1")),
        ("2.00", Decimal("2.00")),
        (".5", Decimal("0.5")),
        ("1_000.25", Decimal("1000.25")),
        ("1e5", Decimal("1E+5")),
        ("true", True),
        ("FALSE", False),
        ("", None),
        ("~", None),
        ("null", None),
        ("2026-11-23", "2026-11-23"),
        ("yes", "yes"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("010", "010"),
        ("0x1f", "0x1f"),
        ("1__0", "1__0"),
        ("1.2.3", "1.2.3"),
        ("80%", "80%"),
        ("e5", "e5"),
        ("nan", "nan"),
        ("'5'", "5"),
        ('"true"', "true"),
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("[1, {b: 0.5}]", [1, {"b": Decimal("0.5")}]),
    ],
)
def test_a_scalar_means_what_it_looks_like(tmp_path: Path, text: str, expected: object) -> None:
    """Whole numbers are int, others exact; dates, words and old number forms stay text."""
    value = read(tmp_path, f"a: {text}\n").value["a"]

    assert (expected, type(expected)) == (value, type(value))
    assert str(expected) == str(value)


def test_keys_are_text_as_written(tmp_path: Path) -> None:
    """A day, a number or a word for true is a name when it stands before the colon."""
    value = read(tmp_path, "2026-11-23: a\n1: b\non: c\n010: d\n").value

    assert {"2026-11-23": "a", "1": "b", "on": "c", "010": "d"} == value


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    """Windows editors write one."""
    document = read(tmp_path, b"\xef\xbb\xbfversion: 1\n")

    assert ({"version": 1}, "b.yml:1:10") == (document.value, document.where(("version",)))


def test_an_alias_means_the_value_of_its_anchor(tmp_path: Path) -> None:
    """Anchors save repetition; the value's place is where it is used."""
    document = read(tmp_path, "a: &x {c: 0.5}\nb: *x\n")

    assert {"a": {"c": Decimal("0.5")}, "b": {"c": Decimal("0.5")}} == document.value
    assert "b.yml:2:4" == document.where(("b",))
    assert "b.yml:1:11" == document.where(("b", "c"))


def test_each_value_knows_its_place(tmp_path: Path) -> None:
    """Lines and columns count from one, a path that is not there falls back to what is around it."""
    document = read(tmp_path, "version: 1\nlimits:\n  - scope: run\n    max_cost: 2.00\n")

    assert "b.yml:1:1" == document.where()
    assert "b.yml:4:15" == document.where(("limits", 0, "max_cost"))
    assert "b.yml:3:5" == document.where(("limits", 0, "max_calls"))
    assert "b.yml:3:3" == document.where(("limits", 7))
    assert "b.yml:4:5" == document.where_key(("limits", 0, "max_cost"))
    assert "b.yml:3:5" == document.where_key(("limits", 0))
    assert "b.yml:3:5" == document.where_key(("limits", 0, "nothing"))
    assert "b.yml:1:1" == document.where_key(("nothing", "at", "all"))
    assert "b.yml:1:1" == document.where_key(())


BAD_YAML = "hint: check the indentation, colons and quotes on this line and the one above   [bad-yaml]"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (
            "a: 1\nb: 2\na: 3\n",
            "b.yml:3:1: key 'a' is already on line 1, and again on line 3\n"
            "hint: remove one of the two   [duplicate-key]",
        ),
        (
            "a:\n\t- b\n",
            "b.yml:2:1: expected spaces, got a tab, which YAML does not allow here\n"
            "hint: indent with spaces, two for each level   [tab]",
        ),
        (
            "a: .nan\nb: -.Inf\n",
            "b.yml:1:4: expected a number, got .nan\n"
            "hint: write a number, or remove the line where there is no limit   [not-finite]\n"
            "b.yml:2:4: expected a number, got -.Inf\n"
            "hint: write a number, or remove the line where there is no limit   [not-finite]",
        ),
        ("a: b: c\n", f"b.yml:1:5: expected YAML, but mapping values are not allowed in this context\n{BAD_YAML}"),
        ("%YAML 3.0\n---\na\n", f"b.yml:1:1: expected YAML, but found incompatible YAML document\n{BAD_YAML}"),
        ("", "b.yml: the file is empty\nhint: write at least its version: version: 1   [empty-file]"),
        ("# later\n", "b.yml: the file is empty\nhint: write at least its version: version: 1   [empty-file]"),
        (
            "a: 1\n---\nb: 1\n",
            "b.yml:2:1: expected one YAML document, got a second one\n"
            "hint: keep one, and remove the line '---' before the other   [several-documents]",
        ),
        (
            b"a: 1\nb: \xc3\xa9\xff\n",
            "b.yml:2:5: expected text in UTF-8, got the byte 0xff\nhint: save the file again as UTF-8   [not-utf-8]",
        ),
        (
            "a: 1\nb: \x00\n",
            "b.yml:2:4: expected text, got the control character '\\x00'\n"
            "hint: remove it; in quoted text, write it as an escape   [control-character]",
        ),
        (
            "a: 1\n\x1b[31m",
            "b.yml:2:1: expected text, got the control character '\\x1b'\n"
            "hint: remove it; in quoted text, write it as an escape   [control-character]",
        ),
        (
            "a: &x [*x]\n",
            "b.yml:1:8: alias 'x' stands inside of the value that it names\n"
            "hint: write the value out instead of the alias   [bad-alias]",
        ),
        (
            "a: *x\n",
            "b.yml:1:4: alias 'x' has no anchor before it\nhint: define it first, as in key: &x value   [bad-alias]",
        ),
        (
            "a: &x {b: 1}\nc:\n  <<: *x\n",
            "b.yml:3:3: merge keys ('<<') are not supported\n"
            "hint: write the keys out in each place; an alias of a whole value is fine   [merge-key]",
        ),
        (
            "[a]: 1\n",
            "b.yml:1:1: expected a name as key, got something else\nhint: quote it if it is text   [bad-key]",
        ),
        (
            "a: !!python/object:os.system x\n",
            "b.yml:1:4: expected a plain value, got the tag '!!python/object:os.system'\n"
            "hint: remove the tag   [yaml-tag]",
        ),
        (
            "a: !!set {b}\n",
            "b.yml:1:4: expected a plain value, got the tag '!!set'\nhint: remove the tag   [yaml-tag]",
        ),
        (
            "a: 1e999999999\n",
            "b.yml:1:4: expected a number of at most 40 digits, got a longer one or a vast exponent\n"
            "hint: write a shorter number; quote it if it is text   [bad-number]",
        ),
        (
            f"a: {'9' * 5000}\n",
            "b.yml:1:4: expected a number of at most 40 digits, got a longer one or a vast exponent\n"
            "hint: write a shorter number; quote it if it is text   [bad-number]",
        ),
        (
            "[" * 100,
            "b.yml:1:52: expected at most 50 levels of nesting, got more\n"
            "hint: nest less; a missing bracket may be the cause   [too-deep]",
        ),
        (
            "- &a0 [x]\n" + "".join(f"- &a{i} [*a{i - 1}]\n" for i in range(1, 60)),
            "b.yml:50:9: expected at most 50 levels of nesting, got more\n"
            "hint: nest less; a missing bracket may be the cause   [too-deep]",
        ),
        (
            "x" * (1024 * 1024 + 1),
            "b.yml: expected a file of at most 1,048,576 bytes, got a larger one\n"
            "hint: check that this is the file you mean   [too-large]",
        ),
    ],
    ids=lambda part: None if len(part) < 60 else "long",
)
def test_a_file_that_cannot_be_used_is_refused_at_its_line(tmp_path: Path, content: str | bytes, expected: str) -> None:
    """Each fault says what, where, what was allowed and what next."""
    assert expected == refusal(tmp_path, content)


def test_a_flood_of_brackets_is_too_deep_whichever_parser_meets_it(tmp_path: Path) -> None:
    """libyaml has a bound of its own since 2026, and reports it a thousand brackets later."""
    assert refusal(tmp_path, "[" * 100_000).endswith("a missing bracket may be the cause   [too-deep]")


def test_an_alias_bomb_ends_at_once(tmp_path: Path) -> None:
    """Nine to the ninth values are refused before they are built."""
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 10))

    message = refusal(tmp_path, bomb)

    expected = "expected at most 20,000 values, got more\nhint: use fewer aliases, or a shorter file   [too-large]"
    assert expected == message.partition(": ")[2]


YAML_PIECES = st.sampled_from(
    [
        *"abx019-:?[]{},&*!|>'\"%@#~ \n\t.e_+",
        "\n  ",
        "\n- ",
        ": ",
        "&a ",
        "*a",
        "<<",
        ".nan",
        "---\n",
        "...\n",
        "!!",
        "|\n ",
    ]
)


@given(st.one_of(st.text(max_size=200), st.lists(YAML_PIECES, max_size=40).map("".join)))
@settings(max_examples=tries(1000), deadline=None)
def test_no_text_gives_anything_but_a_value_or_an_input_error(text: str) -> None:
    """Whatever is written, also when it is nearly YAML."""
    try:
        found = list(leaves(parse_yaml(text, "b.yml").value))
        places = ["b.yml"]
    except InputError as error:
        found = []
        places = [problem.where for problem in error.problems] or ["an error without a problem"]

    assert [] == [value for value in found if isinstance(value, float)]
    assert [] == [place for place in places if not place.startswith("b.yml")]
