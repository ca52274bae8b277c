"""A small project as a reader of the documents has one: a suite, a budget, a committed lock file, and a change on a branch."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.aside import ASIDE, without

SUITE = '''\
import httpx

RULES = "Sort the ticket into one of these queues: refund, washing, tents. Answer with its name."{added}


def answer(request):
    """Four bytes a token, as a round figure."""
    usage = {{"input_tokens": len(request.content) // 4, "output_tokens": 40}}
    content = [{{"type": "text", "text": "refund"}}]
    message = {{"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-4-6"}}
    return httpx.Response(200, json={{**message, "content": content, "stop_reason": "end_turn", "usage": usage}})


def ask(question, system):
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        body = {{"model": "claude-sonnet-4-6", "max_tokens": 200, "system": system}}
        body["messages"] = [{{"role": "user", "content": question}}]
        headers = {{"anthropic-version": "2023-06-01"}}
        client.post("https://api.anthropic.com/v1/messages", json=body, headers=headers).raise_for_status()
'''
REFUND = """\
from helpdesk import ask


def test_refund():
    for _ in range({times}):
        ask("I want my money back.", "Write a short and friendly reply.")
"""
QUEUES = """\
from helpdesk import RULES, ask


def test_queue():
    ask("My tent leaks.", RULES)
"""
REQUEST = (
    '{"model": "claude-sonnet-4-6", "max_tokens": 200, "messages": [{"role": "user", "content": "My tent leaks."}]}'
)
LONGER = ' * 7  # "the model forgot it"'
GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
GIT |= {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
BIN = str(Path(sys.executable).parent)
ENVIRONMENT = {**os.environ, **GIT, "CLAUDE_BUDGET_LEDGER": "", "COLUMNS": "80", "PYTEST_ADDOPTS": without(*ASIDE)}
ENVIRONMENT["PATH"] = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"


def run(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as a person would in a folder."""
    return subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False)


def told(folder: Path, *command: str) -> str:
    """What a command that must end well prints."""
    ended = run(folder, *command)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def measured(folder: Path, python: Sequence[str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the suite by an interpreter, warm or cold."""
    return run(folder, *python, "-m", "pytest", "--color=no", *arguments)


def write(folder: Path, *, changed: bool) -> None:
    """Write the suite, as it is on the main branch or with the change."""
    tests = folder / "tests" / "triage"
    tests.mkdir(parents=True, exist_ok=True)
    (folder / "pytest.ini").write_text("[pytest]\npythonpath = .\n", encoding="utf-8")
    (folder / ".gitignore").write_text("__pycache__/\n.pytest_cache/\n", encoding="utf-8")
    (folder / "helpdesk.py").write_text(SUITE.format(added=LONGER if changed else ""), encoding="utf-8")
    (tests / "test_refund.py").write_text(REFUND.format(times=3 if changed else 1), encoding="utf-8")
    (tests / "test_queues.py").write_text(QUEUES, encoding="utf-8")


def make(folder: Path, budget: str, python: Sequence[str]) -> None:
    """The project, with reports of the changed suite: whole, and in two shards."""
    folder.mkdir()
    write(folder, changed=False)
    (folder / "claude-budget.yml").write_text(budget, encoding="utf-8")
    accepted = measured(folder, python, "--claude-budget-update")
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    told(folder, "git", "init", "--quiet", "--initial-branch=main")
    told(folder, "git", "add", "--all")
    told(folder, "git", "commit", "--quiet", "--message=Accept what the suite costs")
    told(folder, "git", "update-ref", "refs/remotes/origin/main", "main")
    told(folder, "git", "checkout", "--quiet", "-b", "change")
    write(folder, changed=True)
    (folder / "request.json").write_text(REQUEST, encoding="utf-8")
    measured(folder, python, "--claude-budget-report=json:claude-cost.json")
    for number, file in enumerate(("test_refund.py", "test_queues.py"), 1):
        measured(folder, python, f"--claude-budget-report=json:shard-{number}.json", f"tests/triage/{file}")


def copied(project: Path, target: Path) -> Path:
    """A copy to do something with."""
    return Path(shutil.copytree(project, target / project.name))
