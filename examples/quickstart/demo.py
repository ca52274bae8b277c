"""What `make demo` shows: the suite as it is, a change that makes it dearer, and the comment of its pull request.

Only the standard library; no key, no network. The change is run in a copy of this folder, which is removed in the end.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE / ".pytest_cache" / "claude-cost.html"
BUDGET_TOOL = [sys.executable, "-m", "pytest_claude_budget"]
TESTS = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly"]
PASSED, OVER = 0, 1
LOCK = "claude-budget.lock.json"
GROWN = (
    ("2026-09-07", "Sort the tickets", ("tests/test_triage.py",)),
    ("2026-10-05", "Draft replies", ("tests/test_triage.py", "tests/test_replies.py")),
    ("2026-11-02", "Learn from the day", ("tests/",)),
)
"""Day, subject, and whose tests there were: how the lock file would have grown with the product."""
LEFT_BEHIND = shutil.ignore_patterns("change", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache")


def show(number: int, heading: str, *sentences: str) -> None:
    print("", "#" * 80, f"# {number}. {heading}", "#" * 80, "", *sentences, "", sep="\n", flush=True)


def run(command: list[str], folder: Path, expected: int) -> None:
    """Run a command in the open. Ends the demo where it ends otherwise than it should."""
    status = subprocess.run(command, cwd=folder, check=False).returncode
    if status != expected:
        sys.exit(f"demo: expected exit status {expected}, got {status}")


def commit_as_it_grew(folder: Path) -> None:
    """Make a repository of a copy, in which the lock file grows, so that the page has a history to draw."""
    whole = json.loads((folder / LOCK).read_text("utf-8"))
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environ |= {f"GIT_{who}_{what}": "demo" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "--quiet"], env=environ, check=True)
    for day, subject, tests in GROWN:
        owners = {name: own for name, own in whole["owners"].items() if name.startswith(tests)}
        (folder / LOCK).write_text(json.dumps({**whole, "owners": owners}, indent=1) + "\n", "utf-8")
        dates = {f"GIT_{who}_DATE": f"{day}T12:00:00+00:00" for who in ("AUTHOR", "COMMITTER")}
        subprocess.run([*git, "add", LOCK], env=environ, check=True)
        subprocess.run([*git, "commit", "--quiet", "--message", subject], env=environ | dates, check=True)
    shutil.copy(HERE / LOCK, folder)  # the same, as it is written


def main() -> None:
    show(1, "The suite as it is", "13 tests of a help desk, on recorded answers: nothing is spent, and each is priced.")
    run(TESTS, HERE, PASSED)

    show(
        2,
        "The same tests on a pull request",
        "It gives the replies a longer prompt, with the customer's name in it, and lets a",
        "second call check each draft. The tests pass as before. The cost does not:",
    )
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "quickstart"
        shutil.copytree(HERE, folder, ignore=LEFT_BEHIND)
        if shutil.which("git"):
            commit_as_it_grew(folder)
        shutil.copytree(HERE / "change", folder, dirs_exist_ok=True, ignore=LEFT_BEHIND)
        run([*TESTS, "--claude-budget-report=json:claude-cost.json"], folder, OVER)

        show(3, "What would cost less", "In what the calls count, and in hashes of what was asked:")
        run([*BUDGET_TOOL, "advise", "claude-cost.json"], folder, PASSED)

        show(4, "The comment that this pull request gets", "In Markdown, which GitHub lays out as a page:")
        run([*BUDGET_TOOL, "gate", "claude-cost.json", "--format", "markdown"], folder, OVER)
        PAGE.parent.mkdir(exist_ok=True)
        run([*BUDGET_TOOL, "html", "claude-cost.json", "--history", "--output", str(PAGE)], folder, PASSED)

    print(f"\nThe same report as a page, with charts and all tests: {PAGE.as_uri()}")
    print("Where to look next: examples/quickstart/README.md, which works out every amount.")


if __name__ == "__main__":
    main()
