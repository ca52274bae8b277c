"""Runs the shape suite on every generation of the SDK: one cached environment each.

The suite itself runs plain, in several orders and on two workers, and wants one same report of all.
"""

import os
from pathlib import Path

import nox

NEWEST = "newest"
SDKS = ("0.40.0", "0.125.0", "1.17.0", "2.12.0", NEWEST)
IN_CI = ("0.125.0",)  # the newest is what the tests' own environment holds, and they run the shape suite too
PYTHONS = ("3.11", "3.12", "3.13")
COMPANIONS = {"0.40.0": ["httpx<0.28"]}  # that SDK passes `proxies`, which httpx 0.28 removed

QUICK = "uv|virtualenv"
"""Of sessions that .ci/run has: uv installs in a tenth of the time."""

if os.environ.get("PIP_INDEX_URL"):
    os.environ.setdefault("UV_DEFAULT_INDEX", os.environ["PIP_INDEX_URL"])
nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_external_run = True


@nox.session(venv_backend=QUICK)
@nox.parametrize("sdk", [nox.param(sdk, id=sdk, tags=["ci"] if sdk in IN_CI else []) for sdk in SDKS])
def shapes(session: nox.Session, sdk: str) -> None:
    """The shapes of the SDK's calls, each with its dollars worked out by hand."""
    group = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "shapes")
    wanted = ["--upgrade", "anthropic"] if sdk == NEWEST else [f"anthropic=={sdk}"]
    session.install("--editable", ".", *group, *wanted, *COMPANIONS.get(sdk, []))
    session.run("python", "-c", "import anthropic; print('anthropic', anthropic.__version__)")
    session.run("python", "-m", "pytest", "tests/shapes", *session.posargs)


@nox.session(python=PYTHONS, default=False)
def endings(session: nox.Session) -> None:
    """What is open when a run ends, on each Python that is there: the interpreter's own end differs."""
    group = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "shapes")
    session.install("--editable", ".", *group, "httpx2")
    session.run("python", "-m", "pytest", "tests/plugin/test_shutdown.py", *session.posargs)


@nox.session(tags=["clients"])
def bedrock(session: nox.Session) -> None:
    """Libraries that ask Amazon Bedrock, against a double of it: every count of theirs, in dollars worked out by hand."""
    group = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "bedrock")
    session.install("--editable", ".", *group)
    session.run("python", "-m", "pytest", "tests/bedrock/others", *session.posargs)


@nox.session(tags=["clients"])
def aioboto3(session: nox.Session) -> None:
    """The same of boto3's asynchronous twin, whose botocore is older and knows fewer counts."""
    group = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "aioboto3")
    session.install("--editable", ".", *group)
    session.run("python", "-m", "pytest", "tests/bedrock/others", *session.posargs)


@nox.session(tags=["ci"], venv_backend=QUICK)
def replays(session: nox.Session) -> None:
    """Recorders and mocks that would be plugins of every other session: what they play is simulated."""
    group = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "replays")
    session.install("--editable", ".", *group)
    session.run("python", "-m", "pytest", "-p", "no:inline_snapshot", "tests/replays/others", *session.posargs)


@nox.session(tags=["clients"])
def gateways(session: nox.Session) -> None:
    """Frameworks that ask OpenAI-compatible gateways, one of which is a plugin of every session that has it."""
    group = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "gateways")
    session.install("--editable", ".", *group)
    session.run("python", "-m", "pytest", "tests/gateways", *session.posargs)


@nox.session(tags=["clients"])
def urllib3(session: nox.Session) -> None:
    """urllib3 1.26 reads its answers by other ways than 2, which the tests' own environment holds."""
    group = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "test")
    session.install("--editable", ".", *group, "urllib3<2")
    session.run("python", "-m", "pytest", "tests/clients", *session.posargs)


@nox.session(tags=["clients"])
def programs(session: nox.Session) -> None:
    """Claude Code, node and curl, by a gateway: what they say that they used is what the run says."""
    group = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "programs")
    session.install("--editable", ".[gateway]", *group)
    modules = Path(session.virtualenv.location) / "node-programs"
    modules.mkdir(exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        (modules / name).write_bytes(Path("tests/programs", name).read_bytes())
    with session.chdir(modules):
        session.run("npm", "ci", "--silent", "--no-audit", "--no-fund", "--ignore-scripts")
    session.run("python", "-m", "pytest", "tests/programs", *session.posargs)


@nox.session(tags=["clients"])
def vertex(session: nox.Session) -> None:
    """Google's own client for Vertex, whose gRPC no socket of Python's sees."""
    group = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "vertex")
    session.install("--editable", ".", *group)
    session.run("python", "-m", "pytest", "tests/vertex", *session.posargs)


@nox.session(tags=["clients"])
def niquests(session: nox.Session) -> None:
    """Niquests puts a fork of its own in the place of urllib3, as it is installed."""
    group = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "clients")
    session.install("--editable", ".", *group)
    session.run("python", "-m", "pytest", "tests/clients/others", *session.posargs)
