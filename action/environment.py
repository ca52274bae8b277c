"""Makes the action's own environment: `python3 -I environment.py`, with any Python 3.

A venv below RUNNER_TEMP holds pinned packages, each checked by its hash, and finds the package in the action's own folder.
Nothing of the job's Python is touched, and nothing of the checkout is read. A second step of the job uses it again.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
NEWEST = (3, 20)
HERE = Path(__file__).resolve().parent
ASK_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"
ASK_SITE = "import sysconfig; print(sysconfig.get_path('purelib'))"


def main() -> int:
    """Make or find the environment, and hand its Python to the next step."""
    wanted = os.environ.get("BUDGET_INPUT_PYTHON_VERSION", "").strip()
    python = suitable(wanted)
    if python is None:
        needed = wanted or "3.11 or newer"
        print(
            f"::error title=Claude cost::The action needs Python {needed}: add a step with actions/setup-python before it"
        )
        return 2
    environment = Path(os.environ["RUNNER_TEMP"], "claude-budget-environment")
    stamp = environment / "complete"
    pins = (HERE / "requirements.txt").read_bytes()
    content = hashlib.sha256(pins + str(HERE).encode() + python.encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != content:
        make(python, environment)
        stamp.write_text(content)
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as output:
        output.write(f"python={executable(environment)}\n")
    return 0


def suitable(wanted):  # type: (str) -> str | None  # Python 3.6 may read this file
    """A Python that is new enough, or the one that was asked for; None where there is none."""
    versions = [f"3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    names = [f"python{wanted}"] if wanted else ["python3", "python", *(f"python{version}" for version in versions)]
    cache = Path(os.environ.get("RUNNER_TOOL_CACHE", ""), "Python")
    installed = sorted(cache.glob(f"{wanted or '3'}*/*/bin/python3"), reverse=True) if cache.is_dir() else []
    own = [sys.executable] if sys.executable else []
    for candidate in [*own, *filter(None, map(shutil.which, names)), *map(str, installed)]:
        version = ask(candidate, ASK_VERSION)
        if version and (version == wanted if wanted else tuple(map(int, version.split("."))) >= OLDEST):
            return candidate
    return None


def make(python: str, environment: Path) -> None:
    """Create the venv and fill it. uv does it in a moment; where the runner has none, pip brings it."""
    shutil.rmtree(environment, ignore_errors=True)
    package = str(HERE.parent / "pytest_claude_budget")  # the next step would compile it while nothing else is to do
    compiling = subprocess.Popen([python, "-I", "-m", "compileall", "-q", package], stdout=subprocess.DEVNULL)
    run(python, "-I", "-m", "venv", "--without-pip", str(environment))
    inside = str(executable(environment))
    uv = shutil.which("uv")
    if uv is None:
        tools = environment / "tools"
        pip = [python, "-I", "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--no-deps"]
        run(*pip, "--require-hashes", "--target", str(tools), "--requirement", str(HERE / "uv.txt"))
        uv = str(tools / "bin" / "uv")
    sync = [uv, "pip", "sync", "--no-config", "--quiet", "--require-hashes", "--only-binary", ":all:"]
    run(*sync, "--python", inside, str(HERE / "requirements.txt"))
    site = ask(inside, ASK_SITE)
    if not site:
        raise SystemExit("the environment of the action does not start")
    compiling.wait()
    Path(site, "claude_budget_action.pth").write_text(f"{HERE.parent}\n", encoding="utf-8")


def executable(environment: Path) -> Path:
    """The Python of a venv."""
    return environment / "bin" / "python"


def ask(python: str, question: str) -> str:
    """What a Python prints; nothing where it does not start."""
    try:
        ended = subprocess.run([python, "-I", "-c", question], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return ended.stdout.strip() if ended.returncode == 0 else ""


def run(*command: str) -> None:
    """Run a command, with its output in the log; raises SystemExit where it fails."""
    environ = {**os.environ}
    if environ.get("PIP_INDEX_URL"):
        environ.setdefault("UV_DEFAULT_INDEX", environ["PIP_INDEX_URL"])
    if subprocess.run(command, env=environ, check=False).returncode != 0:
        print(
            f"::error title=Claude cost::The action's own environment could not be made: {Path(command[0]).name} failed"
        )
        raise SystemExit(2)


if __name__ == "__main__":
    sys.exit(main())
