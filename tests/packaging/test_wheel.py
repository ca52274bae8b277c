"""What a user installs: the sdist, the wheel that is built from it, and an editable install, each in an empty venv."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SECONDS = 300
START_UP_FILE = "pytest_claude_budget_child.pth"
FIND_SCHEMA = "from pytest_claude_budget.files.read_write import schema_path; print(schema_path('budget').resolve())"
ASK_CHILD = "import sys; print('pytest_claude_budget.measure.child' in sys.modules)"

pytestmark = [pytest.mark.slow]


def run(arguments: Sequence[str | Path], cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Without what our own run has in its environment: the ledger, PYTHONPATH, coverage, pytest's options."""
    ours = ("PYTHON", "PYTEST", "COV", "CLAUDE_BUDGET", "VIRTUAL_ENV")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        arguments, cwd=cwd, env=inherited | environ, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


@dataclass(frozen=True, kw_only=True)
class Environment:
    """An empty venv of its own, in a folder far from the checkout."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def run(self, *arguments: str | Path, **environ: str) -> subprocess.CompletedProcess[str]:
        return run((self.python, *arguments), self.folder, **environ)

    def pip(self, *arguments: str | Path) -> None:
        """By the pip of our own interpreter, which takes this one's environment for its own."""
        pip = (sys.executable, "-m", "pip", "--python", self.python, "--disable-pip-version-check")
        run((*pip, *arguments), self.folder)

    def site_packages(self) -> Path:
        return Path(self.run("-c", "import sysconfig; print(sysconfig.get_path('purelib'))").stdout.strip())


def environment(folder: Path) -> Environment:
    run((sys.executable, "-m", "venv", "--without-pip", folder), folder.parent)
    return Environment(folder=folder)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist of this checkout and the wheel that is made of that sdist alone."""
    folder = tmp_path_factory.mktemp("dist")
    run((sys.executable, "-m", "build", "--installer", "uv", "--quiet", "--outdir", folder, ROOT), folder)
    return folder


@pytest.fixture(scope="module")
def installed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """The wheel with its dependencies, and nothing else."""
    empty = environment(tmp_path_factory.mktemp("wheel") / "venv")
    uv = Path(sys.executable).with_name("uv")  # in a moment; the editable install is pip's
    run((uv, "pip", "install", "--quiet", "--python", empty.python, next(built.glob("*.whl"))), empty.folder)
    return empty


def test_the_wheel_carries_the_package_its_data_and_the_schemas_and_nothing_else(built: Path) -> None:
    with zipfile.ZipFile(next(built.glob("*.whl"))) as wheel:
        names = set(wheel.namelist())
    package = "pytest_claude_budget"
    data = {str(path.relative_to(ROOT)) for path in (ROOT / package / "data").rglob("*") if path.is_file()}
    schemas = {f"{package}/schemas/{path.name}" for path in (ROOT / "schemas").glob("*.json")}
    assert schemas
    assert {
        f"{package}/data/rates.yml",
        f"{package}/data/rates.generated.json",
        f"{package}/py.typed",
        START_UP_FILE,
    } | data | schemas <= names
    assert {START_UP_FILE} == {name for name in names if not name.startswith((f"{package}/", f"{package}-"))}


def test_the_sdist_carries_what_its_wheel_and_its_tests_need(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"Makefile", "LICENSE", "hatch_build.py", "schemas/budget.schema.json", "tests/architecture.py"} <= names
    assert [] == [name for name in names if name.startswith((".venv", ".nox", ".git/"))]


def test_the_command_of_an_installed_wheel_tells_what_it_can_do(installed: Environment) -> None:
    command = installed.python.parent / "claude-budget"
    shown = run((command, "--help"), installed.folder).stdout
    assert "usage: claude-budget" in shown


def test_an_installed_wheel_brings_three_packages_and_needs_no_other(installed: Environment) -> None:
    """Neither the SDK, which is the user's own, nor what the Action needs; `claude-budget comment` says how to get that."""
    ask = "from importlib.metadata import requires; print(*(r for r in requires('pytest-claude-budget') if 'extra' not in r))"
    names = {re.split(r"[<>=\s]", each)[0] for each in installed.run("-c", ask).stdout.split()}
    assert {"pytest", "pyyaml", "jsonschema"} == names
    command = (installed.python.parent / "claude-budget", "comment", "x.json", "--pull-request", "1")
    said = subprocess.run(command, cwd=installed.folder, capture_output=True, text=True, check=False)
    assert 2 == said.returncode
    assert said.stderr.endswith("pip install 'pytest-claude-budget[action]'   [no-extra]\n")


def test_the_wheel_is_for_python_3_11_and_newer_and_says_so(built: Path, tmp_path: Path) -> None:
    """What pip tells somebody with an older one, from the wheel and from a checkout that is on the path."""
    older = (sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--no-deps", "--only-binary=:all:")
    wheel = next(built.glob("*.whl"))
    asked = subprocess.run(
        (*older, "--python-version=3.10", wheel), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "requires a different Python: 3.10" in asked.stderr
    pretend = "import sys; sys.version_info = (3, 10, 14, 'final', 0); import pytest_claude_budget"
    unmeasured = {**os.environ, "CLAUDE_BUDGET_LEDGER": ""}  # else it is imported before it is asked for
    command = (sys.executable, "-c", pretend)
    asked = subprocess.run(command, cwd=ROOT, env=unmeasured, capture_output=True, text=True, check=False)
    assert asked.stderr.endswith(
        "ImportError: pytest-claude-budget needs Python 3.11 or newer, and this is Python 3.10\n"
    )


def test_an_installed_wheel_finds_its_schemas_and_its_rates(installed: Environment) -> None:
    starter = run((installed.python.parent / "claude-budget", "init"), installed.folder)
    checked = run((installed.python.parent / "claude-budget", "check", "claude-budget.yml"), installed.folder)
    priced = run((installed.python.parent / "claude-budget", "rates"), installed.folder)
    assert "wrote" in starter.stdout
    assert "fine" in checked.stdout
    assert "claude-" in priced.stdout
    (installed.folder / "claude-budget.yml").unlink()


def test_an_installed_wheel_rides_along_with_a_suite_of_one_test(installed: Environment, tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text("def test_one(claude_budget):\n    assert claude_budget.calls == 0\n")
    done = run((installed.python, "-m", "pytest", "-p", "no:cacheprovider"), tmp_path)
    assert "claude-budget" in done.stdout
    assert "1 passed" in done.stdout


def test_a_pytest_that_is_itself_a_child_gives_no_warning(installed: Environment, tmp_path: Path) -> None:
    """An xdist worker is one: it has imported the package before pytest could rewrite its asserts."""
    (tmp_path / "test_one.py").write_text("def test_one():\n    pass\n")
    command = (installed.python, "-m", "pytest", "-p", "no:cacheprovider", "-W", "error")
    done = run(command, tmp_path, CLAUDE_BUDGET_LEDGER=str(tmp_path / "ledger.sqlite"))
    assert "1 passed" in done.stdout


@pytest.mark.parametrize(
    "told", [{}, {"CLAUDE_BUDGET_LEDGER": "ledger.sqlite"}], ids=["a process of its own", "a child"]
)
def test_pytest_compiles_no_module_of_an_installed_wheel_anew(
    installed: Environment, tmp_path: Path, told: dict[str, str]
) -> None:
    """It rewrites the asserts of plugins' packages, at every start where it may write no byte code."""
    (tmp_path / "test_one.py").write_text(
        "import sys\n\n"
        "def test_one():\n"
        "    ours = {name: module for name, module in sys.modules.items() if name.startswith('pytest_claude_budget.')}\n"
        "    assert 'pytest_claude_budget.plugin.hooks' in ours\n"
        "    del ours['pytest_claude_budget.plugin']  # of a child it is loaded before it can ask for that\n"
        "    assert [] == [name for name, module in ours.items() if hasattr(module.__loader__, '_rewritten_names')]\n"
    )
    done = run((installed.python, "-m", "pytest", "-p", "no:cacheprovider"), tmp_path, **told)
    assert "1 passed" in done.stdout


def test_a_child_process_is_measured_only_where_there_is_a_ledger(installed: Environment, tmp_path: Path) -> None:
    without = installed.run("-c", ASK_CHILD)
    with_one = installed.run("-c", ASK_CHILD, CLAUDE_BUDGET_LEDGER=str(tmp_path / "ledger.sqlite"))
    assert ("False\n", "True\n") == (without.stdout, with_one.stdout)


def test_a_ledger_that_cannot_be_opened_never_stops_an_interpreter_from_starting(
    installed: Environment, tmp_path: Path
) -> None:
    done = installed.run("-c", "print('up')", CLAUDE_BUDGET_LEDGER=str(tmp_path / "no" / "such" / "folder" / "ledger"))
    assert ("up\n", "") == (done.stdout, done.stderr)


def test_an_editable_install_finds_the_schemas_of_the_checkout_and_leaves_nothing_behind(tmp_path: Path) -> None:
    editable = environment(tmp_path / "venv")
    editable.pip("install", "--quiet", "--no-deps", "--editable", ROOT)
    packages = editable.site_packages()
    assert str(ROOT / "schemas" / "budget.schema.json") == editable.run("-c", FIND_SCHEMA).stdout.strip()
    assert (packages / START_UP_FILE).is_file()
    assert not (packages / "pytest_claude_budget").exists()
    editable.pip("uninstall", "--quiet", "--yes", "pytest-claude-budget")
    assert [] == list(editable.folder.rglob("*claude_budget*"))


def test_a_start_up_file_that_outlives_the_package_is_silent(tmp_path: Path) -> None:
    bare = environment(tmp_path / "venv")
    (bare.site_packages() / START_UP_FILE).write_bytes((ROOT / START_UP_FILE).read_bytes())
    done = bare.run("-c", "print('up')", CLAUDE_BUDGET_LEDGER=str(tmp_path / "ledger"))
    assert ("up\n", "") == (done.stdout, done.stderr)
