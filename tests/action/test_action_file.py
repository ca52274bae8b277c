"""`action.yml`, its documents, its pins and the examples say the same."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
PAGE = (ROOT / "docs" / "how-to" / "github-action.md").read_text("utf-8")
WORKFLOWS = sorted([*ROOT.glob("examples/workflows/*.yml"), *ROOT.glob(".github/workflows/*.yml")])


def step(name: str) -> dict[str, str]:
    """The environment of a step."""
    found: dict[str, str] = next(each for each in ACTION["runs"]["steps"] if each["name"] == name)["env"]
    return found


def test_every_input_reaches_a_step_by_its_environment() -> None:
    given = {text for each in ACTION["runs"]["steps"] for text in each["env"].values()}
    given |= {each["working-directory"] for each in ACTION["runs"]["steps"] if "working-directory" in each}
    assert set() == {name for name in ACTION["inputs"] if f"${{{{ inputs.{name} }}}}" not in given}


def test_the_step_that_judges_reads_each_input_under_its_own_name() -> None:
    for name, text in step("Judge and report").items():
        if name.startswith("BUDGET_INPUT_"):
            assert text == f"${{{{ inputs.{name.removeprefix('BUDGET_INPUT_').lower().replace('_', '-')} }}}}"


@pytest.mark.parametrize("name", [*ACTION["inputs"], *ACTION["outputs"]])
def test_every_input_and_output_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("path", [ROOT / "action.yml", *WORKFLOWS], ids=lambda path: path.name)
def test_no_expression_stands_in_a_script(path: Path) -> None:
    document = yaml.safe_load(path.read_text("utf-8"))
    jobs = document.get("jobs", {"action": document.get("runs")})
    scripts = [each["run"] for job in jobs.values() for each in job["steps"] if "run" in each]
    assert [] == [script for script in scripts if "${{" in script]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_of_others_is_pinned_by_commit_with_its_version_beside_it(path: Path) -> None:
    uses = re.findall(r"uses: (.+)", path.read_text("utf-8"))
    ours = ("./ #", "OWNER/pytest-claude-budget@")
    assert [] == [
        each
        for each in uses
        if not each.startswith(ours) and not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", each)
    ]


def test_the_documents_show_the_minimal_example_to_the_letter() -> None:
    example = (ROOT / "examples" / "workflows" / "minimal.yml").read_text("utf-8")
    assert f"```yml\n{example[example.index('name: ') :]}```" in PAGE


def test_the_second_workflow_listens_to_the_first() -> None:
    first = yaml.safe_load((ROOT / "examples" / "workflows" / "with-forks.yml").read_text("utf-8"))
    second = yaml.safe_load((ROOT / "examples" / "workflows" / "comment-from-fork.yml").read_text("utf-8"))
    assert [first["name"]] == second[True]["workflow_run"]["workflows"]  # YAML takes `on` for a truth
    (job,) = second["jobs"].values()
    assert {"actions": "read", "pull-requests": "write"} == job["permissions"]
    assert not any("checkout" in each["uses"] for each in job["steps"])


def test_the_actions_own_environment_is_what_the_package_asks_for() -> None:
    """Nothing may be pinned there that the package would not take, and nothing that it imports may be missing."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = {*project["dependencies"], *project["optional-dependencies"]["action"]}
    wanted = {line for line in (ROOT / "action" / "requirements.in").read_text("utf-8").splitlines() if line[:1] != "#"}
    assert wanted == {each for each in asked if not each.startswith(("pytest", "anthropic"))}
    pinned = (ROOT / "action" / "requirements.txt").read_text("utf-8")
    for name in wanted:
        bare = re.split(r"[<>=]", name)[0].lower()
        assert re.search(rf"^{bare}==.* \\\n    --hash=sha256:", pinned, re.M)


def test_the_hook_checks_budget_files() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert ("claude-budget-check", "claude-budget check") == (hook["id"], hook["entry"])
    for name in ("claude-budget.yml", "api/claude-budget.yaml"):
        assert re.search(hook["files"], name)
    assert not re.search(hook["files"], "my-claude-budget.yml")
