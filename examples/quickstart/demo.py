"""What `make demo` shows: the suite as it is, a change that makes it dearer, and the comment of its pull request.

Only the standard library; no key, no network. The change is run in a copy of this folder, which is removed in the end.
"""

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
LEFT_BEHIND = shutil.ignore_patterns("change", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache")


def show(number: int, heading: str, *sentences: str) -> None:
    print("", "#" * 80, f"# {number}. {heading}", "#" * 80, "", *sentences, "", sep="\n", flush=True)


def run(command: list[str], folder: Path, expected: int) -> None:
    """Run a command in the open. Ends the demo where it ends otherwise than it should."""
    status = subprocess.run(command, cwd=folder, check=False).returncode
    if status != expected:
        sys.exit(f"demo: expected exit status {expected}, got {status}")


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
        shutil.copytree(HERE / "change", folder, dirs_exist_ok=True, ignore=LEFT_BEHIND)
        reports = ["--claude-budget-report=json:claude-cost.json", f"--claude-budget-report=html:{PAGE}"]
        run([*TESTS, *reports], folder, OVER)

        show(3, "The comment that this pull request gets", "In Markdown, which GitHub lays out as a page:")
        run([*BUDGET_TOOL, "gate", "claude-cost.json", "--format", "markdown"], folder, OVER)

    print(f"\nThe same report as a page, with charts and all tests: {PAGE.as_uri()}")
    print("Where to look next: examples/quickstart/README.md, which works out every amount.")


if __name__ == "__main__":
    main()
