import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.cap.mapped_cap import MappedCap
from pytest_claude_budget.cap.open_cap import open_cap, run_name
from pytest_claude_budget.cap.postgres_cap import PostgresCap
from tests.unit.cap.postgres import Server


def test_a_run_on_one_machine_has_a_file(tmp_path: Path) -> None:
    cap = open_cap({"CLAUDE_BUDGET_CAP_URL": ""}, tmp_path / "run.cap")
    assert isinstance(cap, MappedCap)
    assert (tmp_path / "run.cap").exists()
    cap.close()


def test_a_database_that_is_named_holds_it(postgres: Server, tmp_path: Path) -> None:
    cap = open_cap({"CLAUDE_BUDGET_CAP_URL": postgres.url, "CLAUDE_BUDGET_CAP_RUN": "x"}, tmp_path / "run.cap")
    assert isinstance(cap, PostgresCap)
    assert not (tmp_path / "run.cap").exists()
    cap.close()


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({"CLAUDE_BUDGET_CAP_RUN": "mine", "CI_PROJECT_PATH": "a/b", "CI_PIPELINE_ID": "7"}, "mine"),
        ({"GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "2"}, "a/b/7/2"),
        ({"CI_PROJECT_PATH": "a/b", "CI_PIPELINE_ID": "7"}, "a/b/7"),
    ],
)
def test_machines_of_one_run_have_one_name_for_it(environ: dict[str, str], name: str) -> None:
    assert name == run_name(environ)


def test_a_run_without_a_name_shares_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        open_cap({"CLAUDE_BUDGET_CAP_URL": "postgresql://u:s3cret@h/d", "GITHUB_RUN_ID": "7"}, tmp_path / "run.cap")
    assert str(told.value) == (
        "CLAUDE_BUDGET_CAP_RUN: expected a name of the run that all its machines have in common, and there is none\n"
        "hint: set it to the same text in each job: CLAUDE_BUDGET_CAP_RUN=…   [no-cap-run]"
    )


def test_without_the_extra_the_way_to_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError) as told:
        open_cap({"CLAUDE_BUDGET_CAP_URL": "postgresql://u:s3cret@h/d"}, tmp_path / "run.cap")
    assert str(told.value) == (
        "CLAUDE_BUDGET_CAP_URL: what reaches a database is not installed: it comes with an extra\n"
        "hint: install pytest-claude-budget[postgres], for example: pip install 'pytest-claude-budget[postgres]'   [no-extra]"
    )


def test_a_cap_in_a_file_loads_nothing_of_a_database(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from pytest_claude_budget.cap.open_cap import open_cap\n"
    code += "open_cap({}, Path(sys.argv[1]) / 'run.cap').close(); print('psycopg' in sys.modules)"
    command = [sys.executable, "-c", code, str(tmp_path)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "False\n"
