"""Which store holds a run's cap: a file that its processes share, or a database where the environment names one."""

from collections.abc import Mapping
from pathlib import Path

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.missing_extra import missing_extra
from pytest_claude_budget.cap.mapped_cap import MappedCap
from pytest_claude_budget.cap.store import Cap

URL = "CLAUDE_BUDGET_CAP_URL"
"""Of the database. In no file and no option, since it holds a password."""
RUN = "CLAUDE_BUDGET_CAP_RUN"
"""The name that all machines of a run have for it."""
_OF_CI = (
    ("GITHUB_REPOSITORY", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT"),
    ("CI_PROJECT_PATH", "CI_PIPELINE_ID"),
)
"""Variables that name a run on GitHub and on GitLab, the same in each of its jobs."""


def open_cap(environ: Mapping[str, str], path: Path) -> Cap:
    """Open the database that the environment names, else the file. Raises InputError for what a user can mend, and UnavailableError."""
    url = environ.get(URL)
    if not url:
        return MappedCap(path)
    if (problem := missing_extra(URL, "postgres", ("psycopg",))) is not None:
        raise InputError(problem)
    from pytest_claude_budget.cap.postgres_cap import PostgresCap

    return PostgresCap(url, run_name(environ))


def run_name(environ: Mapping[str, str]) -> str:
    """What all machines of this run call it. Raises InputError where nothing says so."""
    if named := environ.get(RUN):
        return named
    for names in _OF_CI:
        values = [environ.get(name) for name in names]
        if all(values):
            return "/".join(filter(None, values))
    what = "expected a name of the run that all its machines have in common, and there is none"
    raise InputError(
        Problem(slug="no-cap-run", where=RUN, what=what, hint=f"set it to the same text in each job: {RUN}=…")
    )
