"""What the documents say is so: every YAML example, option, slug and command in them exists and works."""

import hashlib
import os
import re
import subprocess
from pathlib import Path

import pytest

from pytest_claude_budget.cli import main
from pytest_claude_budget.files.budget_file import load_budget
from tests.aside import ASIDE, without
from tests.docs.pages import DOCUMENTS, README, ROOT, all_pages, page
from tests.warm.interpreters import Interpreters

MESSAGES = page("docs/messages.md")
SOURCES = sorted((ROOT / "pytest_claude_budget").rglob("*.py"))


def fenced(language: str) -> list[tuple[Path, str]]:
    """The code blocks of a language, with their document."""
    return [
        (path, block)
        for path in DOCUMENTS
        for block in re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.M | re.S)
    ]


@pytest.mark.parametrize(("document", "block"), fenced("yaml"))
def test_every_yaml_example_is_a_budget_that_loads(document: Path, block: str, tmp_path: Path) -> None:
    """An example that is wrong is worse than none."""
    path = tmp_path / "claude-budget.yml"
    path.write_text(block, encoding="utf-8")
    load_budget(path, document.name)


def slugs_of_the_code() -> set[str]:
    """Names that messages end in, from the code and the schemas."""
    texts = [path.read_text(encoding="utf-8") for path in SOURCES]
    texts += [path.read_text(encoding="utf-8") for path in sorted((ROOT / "schemas").glob("*.json"))]
    patterns = (r"slug=\"([a-z-]+)\"", r"\[([a-z]+(?:-[a-z]+)+|incomplete|tab)\]\"", r"\"x-slug\": \"([a-z-]+)\"")
    patterns += (r"_ArgumentError\(\"([a-z-]+)\"", r"problem\((?:event, )?\"([a-z-]+)\"")
    patterns += (r"fatal\((?:event|more), \"([a-z-]+)\"", r"\"([a-z]+-report)\",")
    return {slug for text in texts for pattern in patterns for slug in re.findall(pattern, text)}


def test_every_slug_is_explained() -> None:
    """`docs/messages.md` has a row for each message."""
    assert {slug for slug in slugs_of_the_code() if f"| `{slug}` |" not in MESSAGES} == set()


def test_every_explained_slug_exists() -> None:
    """No row for a message that is gone."""
    texts = (path.read_text(encoding="utf-8") for path in [*SOURCES, *(ROOT / "schemas").glob("*.json")])
    words = {word for text in texts for word in re.findall(r"[a-z-]+", text)}
    documented = re.findall(r"^\| `([a-z-]+)` \|", MESSAGES, re.M)
    assert [slug for slug in documented if slug not in words] == []


def test_every_option_of_the_plugin_is_in_the_documents_and_the_other_way_round(interpreters: Interpreters) -> None:
    """`pytest --help` and the documents name the same options, and the reference has a row for each."""
    shown = subprocess.run(
        [*interpreters.warm(), "-m", "pytest", "--help", *without(*ASIDE).split(), "-p", "no:cacheprovider"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    options = set(re.findall(r"--(?:no-)?claude-budget[a-z-]*", shown))
    assert options == set(re.findall(r"--(?:no-)?claude-budget[a-z-]*", all_pages()))
    assert options == set(
        re.findall(r"^\| `(--(?:no-)?claude-budget[a-z-]*)", page("docs/reference/commands.md"), re.M)
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    """Relative links are files of the project."""
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))
    assert [target for target in targets if not (document.parent / target).exists()] == []


def test_the_readme_shows_what_the_example_prints(request: pytest.FixtureRequest, interpreters: Interpreters) -> None:
    """The table in the README is the example's own output, to the letter."""
    plugins = without(*(name for name in ASIDE if name != "recording")).split()
    ended = subprocess.run(
        [*interpreters.warm(sdk=True), "-m", "pytest", *plugins, "-p", "no:cacheprovider", "--color=no"],
        cwd=ROOT / "examples" / "quickstart",
        env={**os.environ, "COLUMNS": "80", "CLAUDE_BUDGET_LEDGER": "", "PYDANTIC_DISABLE_PLUGINS": "__all__"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    start = ended.stdout.index("= claude cost =")
    printed = ended.stdout[ended.stdout.rindex("\n", 0, start) + 1 :]
    printed = printed[: printed.index("\n", printed.index("% used)"))]
    readme = README.read_text(encoding="utf-8")
    if request.config.getoption("--update"):
        shown = re.compile(r"(?<=^```\n)=+ claude cost =.*?(?=\n```$)", re.M | re.S)
        README.write_text(shown.sub(lambda _: printed, readme), encoding="utf-8")
    assert f"```\n{printed}\n```\n" in readme, "if this is meant: pytest tests/docs --update"


def test_the_starter_file_and_the_examples_budget_load(tmp_path: Path) -> None:
    """What `init` writes is right as it is."""
    path = tmp_path / "claude-budget.yml"
    assert main(["init", str(path)]) == 0
    load_budget(path, path.name)
    load_budget(ROOT / "examples" / "quickstart" / "claude-budget.yml", "claude-budget.yml")


def test_the_readme_is_short() -> None:
    """What it leaves out has a page below docs/."""
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 200


def test_the_picture_of_the_comment_is_of_todays_page() -> None:
    """It bears the hash of the page that it was made from, and its description the heading."""
    made_from = (ROOT / "tests" / "golden" / "markdown" / "over.md").read_bytes()
    picture = (ROOT / "docs" / "images" / "comment.png").read_bytes()
    assert hashlib.sha256(made_from).hexdigest().encode() in picture, "python -m tests.golden.picture makes it anew"
    assert len(picture) <= 120 * 1024
    heading = made_from.decode().splitlines()[0].removeprefix("### ")
    assert f'Its heading: "{heading}"' in README.read_text(encoding="utf-8")
