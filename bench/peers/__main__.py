"""`python -m bench.peers [FOLDER [TOOL …]]`: install each tool, ask it for the price of each answer, and write the table of docs/comparison.md.

Each tool has an environment of its own below FOLDER, which is kept for the next time where it is named, with the answers: with names of
tools, only those are asked again. It takes some minutes and some
2 GB, needs npm and the package indexes, and asks no API: a double on this machine answers in Anthropic's place.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.peers.cases import CASES
from bench.peers.double import events, message, served
from bench.peers.table import ADAPTERS, tables, ways, written
from bench.peers.tools import TOOLS, Tool

PAGE = Path(__file__).parents[2] / "docs" / "comparison.md"
OWN = "this project"
UV = str(Path(sys.executable).with_name("uv"))
PATIENCE = 600
"""Seconds for one tool."""


def command_of(tool: Tool, folder: Path) -> list[str]:
    """How its adapter is run; its environment is made where it is not there yet."""
    home = folder / tool.key
    done = home / "installed"
    if tool.adapter.endswith(".mjs"):
        if not done.exists():
            home.mkdir(parents=True, exist_ok=True)
            (home / "package.json").write_text('{"private": true}', encoding="utf-8")
            packages = [f"{tool.name}@{tool.version}", *tool.needs]
            run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", *packages], home)
            done.touch()
        for path in ADAPTERS.glob("*.mjs"):  # Node looks for packages from where a file lies
            (home / path.name).write_bytes(path.read_bytes())
        return ["node", str(home / tool.adapter)]
    python = home / "bin" / "python"
    if not done.exists():
        run([UV, "venv", "--quiet", "--clear", "--python", sys.executable, str(home)], folder)
        packages = [f"{tool.name}=={tool.version}", *tool.needs]
        run([UV, "pip", "install", "--quiet", "--python", str(python), *packages], folder)
        done.touch()
    return [str(python), str(ADAPTERS / tool.adapter)]


def run(command: list[str], folder: Path) -> None:
    """Run what must end well."""
    subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL)


def asked(command: list[str], given: str, folder: Path) -> dict[str, str]:
    """What an adapter prints in its last line."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("ANTHROPIC", "CLAUDE"))}
    ended = subprocess.run(
        command, input=given, cwd=folder, env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    if ended.returncode != 0:
        sys.exit(f"{command[-1]} failed:\n{ended.stderr[-2000:]}")
    found: dict[str, str] = json.loads(ended.stdout.strip().splitlines()[-1])
    return found


def main(folder: Path, *names: str) -> None:
    """Ask all tools, or those that are named, and write the page."""
    folder.mkdir(parents=True, exist_ok=True)
    server, url = served()
    cases = [
        {"name": case.name, "model": case.model, "usage": case.usage, "message": message(case), "events": events(case)}
        for case in CASES
    ]
    given = json.dumps({"url": url, "cases": cases})
    answers = {OWN: asked([sys.executable, str(ADAPTERS / "own_adapter.py")], given, folder)}
    for tool in TOOLS:
        kept = folder / f"{tool.key}.json"
        if not names or tool.name in names:
            print(tool.title, flush=True)
            kept.write_text(json.dumps(asked(command_of(tool, folder), given, folder / tool.key)), encoding="utf-8")
        answers[tool.title] = json.loads(kept.read_text(encoding="utf-8"))
    server.shutdown()
    how = ways({OWN: "own_adapter.py", **{tool.title: tool.adapter for tool in TOOLS}})
    made = f"{tables(answers)}\n## How each was asked\n\n{how}"
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]).resolve(), *sys.argv[2:])
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
