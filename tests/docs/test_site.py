"""What the site is made of: pages with their links led, the reference made from schemas, a place in the menu for each page."""

import json
from pathlib import Path

import pytest

from docs.site.__main__ import asked_of_others
from docs.site.navigation import SECTIONS, navigation, sections
from docs.site.reference import FORMATS, reference_pages
from docs.site.schemas import schema_page
from docs.site.sources import Sources
from tests.docs.pages import ROOT

MADE = {"reference/budget.md": "# The budget file\n"}


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    """The pages that are made from the code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "80")
        return reference_pages(ROOT)


def test_links_lead_to_where_the_files_stand_on_the_site(tmp_path: Path) -> None:
    (tmp_path / "docs/how-to").mkdir(parents=True)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas/budget.schema.json").write_text("{}", encoding="utf-8")
    (tmp_path / ".gitlab-ci.yml").write_text("a: 1\n", encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n", encoding="utf-8")
    (tmp_path / "README.md").write_text("# Desk\n\n[b](docs/how-to/b.md#x) [c](gone.md)\n", encoding="utf-8")
    page = "# B\n\n[`top`](../../README.md) [s](../../schemas/budget.schema.json) [g](../../.gitlab-ci.yml)\n"
    code = "`[x](../../README.md)`\n```\n[y](../../README.md)\n```\n"
    (tmp_path / "docs/how-to/b.md").write_text(f"{page}{code}One:\n- two\n  lines\n- three\n", encoding="utf-8")
    titles = Sources(tmp_path, MADE).write(tmp_path / "build")
    assert "[b](how-to/b.md#x) [c](gone.md)" in (tmp_path / "build/index.md").read_text("utf-8")
    assert (
        "# B\n\n[`top`](../index.md) [s](../reference/budget.md) [g](../files/gitlab-ci.yml.md)\n"
        f"{code}One:\n\n- two\n  lines\n- three\n"
    ) == (tmp_path / "build/how-to/b.md").read_text("utf-8")
    assert "````yaml\na: 1\n````" in (tmp_path / "build/files/gitlab-ci.yml.md").read_text("utf-8")
    assert {"index.md": "Desk", "how-to/b.md": "B", "reference/budget.md": "The budget file"}.items() <= titles.items()


def test_a_page_that_no_section_names_is_in_that_of_its_folder() -> None:
    found = sections(["index.md", "of-tomorrow.md", "how-to/a.md", "how-to/budget.md", "files/x.yml.md", "cap.md"])
    assert ["how-to/budget.md", "how-to/a.md"] == found["How to"]
    assert ["cap.md", "of-tomorrow.md"] == found["Explanation"]
    assert '{"How to" = [{"Say \\"so\\"" = "how-to/a.md"}]}' in navigation({"how-to/a.md": '`Say` "so"'})


def test_every_page_that_a_section_names_is_there(made: dict[str, str]) -> None:
    there = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")} | set(made)
    there |= {f"project/{path.name}" for path in ROOT.glob("*.md")} | {"examples/quickstart/README.md"}
    assert [page for order in SECTIONS.values() for page in order if page not in there] == []


def test_a_schema_is_shown_as_a_table_for_each_object() -> None:
    rule = {"type": "object", "required": ["scope"], "properties": {"scope": {"enum": ["run", None], "default": "run"}}}
    properties = {
        "version": {"description": "The form | of the file.", "const": 1},
        "rules": {"description": "All rules.", "type": "array", "items": {"$ref": "#/$defs/rule"}},
        "names": {"type": "object", "additionalProperties": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/rule"}]}},
        "place": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
        "most": {"description": "Its own words.", "$ref": "#/$defs/amount"},
    }
    definitions = {"rule": rule, "amount": {"description": "An amount.", "x-expected": "dollars such as 0.25"}}
    document = {"description": "A file.", "required": ["version"], "properties": properties, "$defs": definitions}
    head = "| key | what it is | value |\n| --- | --- | --- |\n"
    scope = '| `scope`, required |  | `run`, null; without it: `"run"` |\n'
    assert (
        "# Rules\n\nA file.\n\nThis page is made from `schemas/x.schema.json`, which decides. "
        "`claude-budget schema x` prints it, for editors and other programs.\n\n"
        f"{head}| `version`, required | The form \\| of the file. | `1` |\n"
        "| `rules` | All rules. | list of objects |\n| `names` |  | object |\n"
        "| `place` |  | list of string, integer |\n"
        f"| `most` | Its own words. | dollars such as 0.25 |\n\n## `rules[]`\n\n\n\n{head}{scope}"
        f"\n## `names`\n\n\n\n{head}| `NAME` |  | null or object |\n"
        f"\n## `names.NAME`\n\n\n\n{head}{scope}"
    ) == schema_page(document, "Rules", "x.schema.json")


@pytest.mark.parametrize("name", FORMATS)
def test_every_key_of_a_format_is_on_its_page(name: str, made: dict[str, str]) -> None:
    def keys(node: object) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(keys, node))
        if not isinstance(node, dict):
            return set()
        own = set(node["properties"]) if isinstance(node.get("properties"), dict) else set()
        return own.union(*(keys(value) for key, value in node.items() if key not in ("if", "examples")))

    document = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8"))
    assert {key for key in keys(document) if f"| `{key}`" not in made[f"reference/{name}.md"]} == set()


def test_the_reference_has_every_option_command_and_input(made: dict[str, str]) -> None:
    shown = made["reference/help.md"]
    named = (
        "| `--claude-budget-cap=DOLLARS` |",
        "| `claude_budget` (ini) |",
        "### claude-budget baseline update",
        "### claude-budget gate",
    )
    assert [text for text in named if text not in shown] == []
    assert "| `fail-on` | `over`: fail over a limit." in made["reference/action.md"]
    assert "| `verdict` | within, warned, over, incomplete" in made["reference/action.md"]


def test_a_page_that_asks_another_host_is_told(tmp_path: Path) -> None:
    page = '<a href="https://ok.example">ok</a><script src="https://cdn.example/a.js"></script><img src="b.png">'
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    (tmp_path / "a.css").write_text("a { background: url(//fonts.example/x) } b { mask: url(c.svg) }", encoding="utf-8")
    assert [
        f'{tmp_path}/a.html: asks another host: <script src="https://cdn.example/a.js">',
        f"{tmp_path}/a.css: asks another host: url(//fonts.example/x)",
    ] == asked_of_others(tmp_path)
