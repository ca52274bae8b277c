"""A budget file as a whole: what is taken, and what is said of one that is not."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.budget.draft import FOR_EDITORS
from pytest_claude_budget.budget.limits import Budget, Limit
from pytest_claude_budget.files.budget_file import load_budget
from pytest_claude_budget.files.read_write import schema
from pytest_claude_budget.files.starter import starter_budget
from tests.builders.tries import tries

VALID = """\
version: 1
limits:
  - scope: run
    max_cost: 2.00
    warn_at: 80%
  - scope: test
    match: "tests/rag/**"
    max_cost: "0.25"
    max_calls: 20_000
on_incomplete: warn
rates:
  file: rates-overrides.yml
  aliases: {"arn:aws:bedrock:x": claude-sonnet-4-6}
"""


def load(tmp_path: Path, text: str) -> Budget:
    """The budget in a file with that text."""
    path = tmp_path / "budget.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return load_budget(path, "claude-budget.yml")[0]


def refusal(tmp_path: Path, text: str) -> str:
    """The error of a file with that text."""
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)
    return str(caught.value)


def test_a_whole_file_becomes_a_budget(tmp_path: Path) -> None:
    """Every key, with exact amounts and the line of each maximum."""
    test: dict[str, Any] = {"scope": "test", "match": "tests/rag/**"}
    expected = Budget(
        limits=(
            Limit(
                scope="run", measure="max_cost", maximum=Decimal("2.00"), warn_at=Decimal("0.8"),
                where="claude-budget.yml:4", path="limits[0].max_cost",
            ),
            Limit(
                **test, measure="max_cost", maximum=Decimal("0.25"),
                where="claude-budget.yml:8", path="limits[1].max_cost",
            ),
            Limit(
                **test, measure="max_calls", maximum=20_000,
                where="claude-budget.yml:9", path="limits[1].max_calls",
            ),
        ),
        on_incomplete="warn",
        rates_file="rates-overrides.yml",
        aliases={"arn:aws:bedrock:x": "claude-sonnet-4-6"},
        places={
            ("rates", "file"): "claude-budget.yml:12:9",
            ("rates", "aliases", "arn:aws:bedrock:x"): "claude-budget.yml:13:34",
        },
        source="claude-budget.yml",
    )  # fmt: skip
    assert expected == load(tmp_path, VALID)


def test_the_document_comes_with_the_budget(tmp_path: Path) -> None:
    """So that later messages can name lines of it."""
    (tmp_path / "b.yml").write_text(VALID)

    document = load_budget(tmp_path / "b.yml", "b.yml")[1]

    assert "b.yml:12:9" == document.where(("rates", "file"))


def test_the_starter_file_is_valid_and_limits_something(tmp_path: Path) -> None:
    """Also with every commented key switched on."""
    starter = starter_budget()
    everything = re.sub(
        r"^( *)# (?=- |  |rates:|changes:|features:|projection:|loopback:|origins:)", r"\1", starter, flags=re.MULTILINE
    )

    assert list(FOR_EDITORS) == starter.splitlines()[:2]
    assert ["run", "test", "test"] == [limit.scope for limit in load(tmp_path, starter).limits]
    assert ["run", "test", "test", "test", "model"] == [limit.scope for limit in load(tmp_path, everything).limits]
    assert "rates-overrides.yml" == load(tmp_path, everything).rates_file
    assert ["triage"] == [feature.name for feature in load(tmp_path, everything).features]


def test_the_schema_is_a_schema_and_each_key_is_explained() -> None:
    """Editors show the description and complete from the examples."""
    budget = schema("budget")
    jsonschema.Draft202012Validator.check_schema(budget)
    objects = [budget, *(budget["$defs"][name] for name in ("limit", "change", "feature"))]
    objects += [budget["properties"][name] for name in ("rates", "changes", "projection")]
    keys = {name: rule for one in objects for name, rule in one["properties"].items()}

    assert [] == [name for name, rule in keys.items() if not (rule.get("description") and rule.get("examples"))]
    assert [] == [one["title"] for one in objects if one["additionalProperties"] is not False]


VERSION = "hint: write it so, for example version: 1   [bad-version]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 2", f"1:10: version: expected the number 1, got 2\n{VERSION}"),
        ("version: one", f"1:10: version: expected the number 1, got 'one'\n{VERSION}"),
        ("version: true", f"1:10: version: expected the number 1, got true\n{VERSION}"),
        ("limits: []",
         "1:1: version: expected this key, which is missing\nhint: add it, for example version: 1   [missing-key]"),
        ("[1]",
         "1:1: expected a mapping that starts with version: 1, got a list\n"
         "hint: write what was expected, or remove the line   [bad-value]"),
        ("--- ~",
         "1:5: expected a mapping that starts with version: 1, got nothing\n"
         "hint: write what was expected, or remove the line   [bad-value]"),
        ("version: 1\nlimits:",
         "2:8: limits: expected a list of at most 1,000 limits, got nothing\n"
         "hint: start each limit with a dash, for example - scope: run   [bad-value]"),
        ("version: 1\nlimits: [run]",
         "2:10: limits[0]: expected a limit with a scope and a measure, got 'run'\n"
         "hint: write for example {scope: run, max_cost: 2.00}   [bad-value]"),
        ("version: 1\non_incomplete: Fail",
         "2:16: on_incomplete: expected one of fail, warn, got 'Fail'\nhint: did you mean 'fail'?   [bad-value]"),
        ("version: 1\nrates: {fil: x}",
         "2:9: rates.fil: unknown key, expected one of file, aliases\nhint: did you mean 'file'?   [unknown-key]"),
        ("version: 1\nrates: {file: ''}",
         "2:15: rates.file: expected the path of a rate file, got ''\n"
         "hint: write it so, for example file: rates-overrides.yml   [bad-value]"),
        ("version: 1\nrates: {aliases: {'a b': 1}}",
         "2:26: rates.aliases['a b']: expected the id of a model, got 1\n"
         "hint: write the model whose rates apply, for example claude-sonnet-4-6   [bad-value]"),
        ("version: 1\nrates: {aliases: {'': x}}",
         "2:19: rates.aliases['']: expected the name of a model, got ''\n"
         "hint: write what was expected, or remove the line   [bad-value]"),
        ("version: 1\ngateway: 4141",
         "2:10: gateway: expected true or false, got 4141\nhint: write it so, for example gateway: true   [bad-value]"),
        ("version: 1\nlimit: []",
         "2:1: limit: unknown key, expected one of version, limits, changes, features, projection, loopback, origins, cap_assumes, hard_cap, on_cap, live_calls, gateway, sites, on_incomplete, known, may_be_unknown, rates\n"
         "hint: did you mean 'limits'?   [unknown-key]"),
        ("version: 1\nlimits:\n- scope: run\n  max_cost: 1\n- scope: run\n  max_cost: 2",
         "6:13: limits[1].max_cost: max_cost of run is already on line 4, as limits[0].max_cost\n"
         "hint: keep one of the two, or give one a narrower match   [duplicate-limit]"),
        ("version: 1\nlimits:\n- scope: run\n  max_cost: 1\n  max_cost: 2",
         "5:3: key 'max_cost' is already on line 4, and again on line 5\nhint: remove one of the two   [duplicate-key]"),
    ],
    ids=lambda part: None if "hint" in part else part,
)  # fmt: skip
def test_a_bad_file_is_refused_at_its_place(tmp_path: Path, text: str, expected: str) -> None:
    """What, where, what was allowed and what next."""
    assert f"claude-budget.yml:{expected}" == refusal(tmp_path, text)


def test_all_problems_are_told_in_the_order_of_the_file(tmp_path: Path) -> None:
    """Nobody wants to mend a file one error a run."""
    text = "limits:\n- scope: run\n  max_cost: x\n- max_calls: -1\nhard_cup: 1\nversion: 3\n"
    with pytest.raises(InputError) as caught:
        load(tmp_path, text)

    expected = [("3:13", "bad-amount"), ("4:3", "missing-key"), ("4:14", "bad-count"), ("5:1", "unknown-key")]
    found = [(problem.where.partition(":")[2], problem.slug) for problem in caught.value.problems]
    assert [*expected, ("6:10", "bad-version")] == found


def test_every_slug_that_the_code_can_give_is_in_the_table_of_messages() -> None:
    """And the table lists none that it cannot."""
    root = Path(__file__).parents[3]
    modules = ["files/read_write", "budget/limits", "budget/increases_and_volumes"]
    modules += ["base/yaml_document", "base/yaml_scalars", "base/schema_errors"]
    sources = [(root / "pytest_claude_budget" / f"{name}.py").read_text() for name in modules]
    source = "\n".join([*sources, (root / "schemas" / "budget.schema.json").read_text()])
    given_slugs = set(
        re.findall(
            r'(?:slug=|"x-slug", |"x-slug": |fatal\((?:event|more), |problem\((?:event, )?|ArgumentError\()"([a-z0-9-]+)"',
            source,
        )
    )
    listed = set(re.findall(r"^\| `([a-z0-9-]+)` \|", (root / "docs" / "messages.md").read_text(), re.MULTILINE))

    assert set() == given_slugs - listed
    assert len(given_slugs) > 30


PIECES = st.sampled_from(
    [
        "\n",
        "\t",
        ":",
        "- ",
        "&a ",
        "*a",
        "~",
        ".nan",
        "-1",
        "1e9",
        "[",
        "{",
        "'",
        "true",
        "run",
        "\x00",
        "<<: ",
        "x" * 300,
    ]
)


@given(st.lists(st.tuples(st.integers(0, len(VALID)), st.integers(0, 12), PIECES), min_size=1, max_size=4))
@settings(max_examples=tries(500), deadline=None)
def test_no_change_of_a_valid_budget_gives_a_traceback(
    tmp_path_factory: Any, changes: list[tuple[int, int, str]]
) -> None:
    """Characters lost, doubled, or replaced anywhere."""
    text = VALID
    for start, length, piece in changes:
        text = text[:start] + piece + text[start + length :]
    try:
        places = [limit.where for limit in load(tmp_path_factory.getbasetemp(), text).limits]
    except InputError as error:
        places = [problem.where for problem in error.problems] or ["an error without a problem"]

    assert [] == [place for place in places if not place.startswith("claude-budget.yml")]


VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "scope",
                    "match",
                    "max_cost",
                    "warn_at",
                    "file",
                    "aliases",
                    "x",
                    "run",
                    "test",
                    "max_increase",
                    "growth",
                    "tests",
                    "requests_per_month",
                    "average",
                    "max_monthly_cost",
                ]
            ),
            inner,
        ),
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["version", "limits", "rates", "on_incomplete", "may_be_unknown", "changes", "features", "projection"]
        ),
        VALUES,
    )
)
@settings(max_examples=tries(300), deadline=None)
def test_no_shape_of_a_budget_gives_a_traceback(tmp_path_factory: Any, value: dict[str, Any]) -> None:
    """Any value where any other belongs."""
    import yaml

    try:
        limits = load(tmp_path_factory.getbasetemp(), yaml.safe_dump({"version": 1, **value})).limits
        kinds: set[type] = {type(limit.maximum) for limit in limits}
    except InputError as error:
        kinds = {Decimal} if error.problems else {InputError}

    assert kinds <= {int, Decimal}
