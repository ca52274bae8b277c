"""A cap in a database: lost servers, forks, old runs, and a password that is told to nobody."""

from collections.abc import Iterator

import psycopg
import pytest

from pytest_claude_budget.cap.postgres_cap import DAYS, PostgresCap
from pytest_claude_budget.cap.store import Charged, Claim, Reservation, UnavailableError
from tests.unit.cap.crowd import crowd, told_though_some_are_killed, worker
from tests.unit.cap.postgres import PASSWORD, USER, Server, free_port, server

CLAIM = Claim(account="run", amount=10, most=100)


@pytest.fixture
def own() -> Iterator[Server]:
    """A server that a test may stop."""
    with server() as made:
        yield made


def test_a_lost_server_lets_no_call_go_and_one_that_is_back_goes_on(own: Server) -> None:
    cap = PostgresCap(own.url, "run")
    held = cap.reserve([CLAIM])
    own.stop()
    with pytest.raises(UnavailableError, match="the database of the cap cannot be reached or used: "):
        cap.reserve([CLAIM])
    assert isinstance(held, Reservation)
    with pytest.raises(UnavailableError, match="the database of the cap cannot be reached or used: connection refused"):
        cap.settle(held, cost=1)
    own.start()
    assert isinstance(cap.reserve([CLAIM]), Reservation)
    cap.settle(held, cost=1)  # not again: it stays charged
    assert cap.charged("run") == Charged(reserved=20)
    cap.close()


def test_a_connection_that_the_server_ends_is_opened_anew(postgres: Server) -> None:
    cap = PostgresCap(postgres.url, "ended")
    with psycopg.connect(postgres.url, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'claude-budget'")
    with pytest.raises(UnavailableError, match=r"terminating connection|server closed the connection"):
        cap.reserve([CLAIM])
    assert isinstance(cap.reserve([CLAIM]), Reservation)
    cap.close()


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        (f"postgresql://{USER}:{PASSWORD}x@127.0.0.1:{{port}}/postgres", "password authentication failed"),
        (f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{{port}}/none", "does not exist"),
        (f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{{free}}/postgres", "connection refused"),
        (f"postgres//{USER}:{PASSWORD}@127.0.0.1/postgres", "has no URL that can be read"),
        (f"postgresql://{USER}@127.0.0.1:{PASSWORD}/postgres", "OperationalError"),
        (f"postgresql://{USER}:{PASSWORD}@127.0.0.1/postgres?{PASSWORD}=1", "has no URL that can be read"),
        (f"host=127.0.0.1 {PASSWORD}", "has no URL that can be read"),
    ],
)
def test_no_message_holds_the_password(postgres: Server, url: str, cause: str) -> None:
    with pytest.raises(UnavailableError) as told:
        PostgresCap(url.format(port=postgres.port, free=free_port()), "run")
    assert cause in str(told.value)
    whole = f"{told.value!r} {told.value.__cause__!r}"
    assert PASSWORD not in whole
    assert told.value.__suppress_context__


def test_eight_processes_never_pass_it_though_some_are_killed(postgres: Server) -> None:
    """Each tells what a call came to before it settles: what was told is at most the cap, and what is charged is at least that."""
    most = 600_000
    told = told_though_some_are_killed(postgres.url, 80, most)
    cap = PostgresCap(postgres.url, "run")
    charged = cap.charged("run")
    cap.close()
    assert told <= charged.spent + charged.reserved <= most
    assert charged.spent + charged.reserved >= most * 0.9


def test_a_child_opens_its_own_connection(postgres: Server) -> None:
    """1 + 2 + 4 calls that cost 1 each."""
    forked = worker("fork_and_go_on", postgres.url)
    forked.communicate()
    assert forked.returncode == 0
    cap = PostgresCap(postgres.url, "forked")
    assert cap.charged("run") == Charged(spent=7)
    cap.close()


def test_figures_of_old_runs_are_cleared_and_those_of_this_one_are_not(postgres: Server) -> None:
    caps = {run: PostgresCap(postgres.url, run) for run in ("old", "recent", "this")}
    for cap in caps.values():
        cap.reserve([CLAIM])
    with psycopg.connect(postgres.url, autocommit=True) as other:
        aged = "UPDATE claude_budget_cap SET touched = now() - %s * interval '1 day' WHERE run = ANY(%s)"
        other.execute(aged, (DAYS + 1, ["old", "this"]))
        other.execute(aged, (DAYS - 1, ["recent"]))
    PostgresCap(postgres.url, "this").close()
    assert {run: cap.charged("run").reserved for run, cap in caps.items()} == {"old": 0, "recent": 10, "this": 10}
    for cap in caps.values():
        cap.close()


def test_names_of_tests_leave_no_machine(postgres: Server) -> None:
    cap = PostgresCap(postgres.url, "names")
    cap.reserve([Claim(account="test tests/secret/test_plan.py::test_it", amount=1, most=1)])
    cap.close()
    with psycopg.connect(postgres.url) as other:
        assert "secret" not in str(other.execute("SELECT * FROM claude_budget_cap").fetchall())


def test_any_name_of_a_run_can_be_stored(postgres: Server) -> None:
    cap = PostgresCap(postgres.url, "a\0b\ud800")
    assert isinstance(cap.reserve([CLAIM]), Reservation)
    cap.close()


def test_a_user_who_may_make_no_table_can_use_one_that_is_there(postgres: Server) -> None:
    PostgresCap(postgres.url, "run").close()
    with psycopg.connect(postgres.url, autocommit=True) as owner:
        owner.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
        owner.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON claude_budget_cap TO guest")
    cap = PostgresCap(f"postgresql://guest:guest@127.0.0.1:{postgres.port}/postgres", "guests")
    assert isinstance(cap.reserve([CLAIM]), Reservation)
    cap.close()


def test_several_that_make_the_table_at_once_do_not_trip_each_other(own: Server) -> None:
    with crowd(own.url, 1, 10**9, count=6) as running:
        assert [each.communicate()[0].count("\n") for each in running] == [1] * 6
