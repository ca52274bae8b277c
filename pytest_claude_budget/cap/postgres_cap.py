"""A cap that several machines hold together: figures in a table of PostgreSQL, which each changes in transactions of its own.

Every change is one statement that asks for room and takes it: a sum that was read before would be older than what others have
reserved since. That is so at READ COMMITTED alone, which is asked for at each transaction, whatever the server's default is.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import blake2b
from typing import TYPE_CHECKING, TypeVar

from pytest_claude_budget.cap.forks import tell_of_forks
from pytest_claude_budget.cap.one_at_a_time import OneAtATime
from pytest_claude_budget.cap.store import MOST, Charged, Claim, Refused, Reservation, UnavailableError, settlement

if TYPE_CHECKING:
    from psycopg import Connection, Cursor, Error

    Rows = Cursor[tuple[int, int]]

DAYS = 30
"""How long the figures of a run are kept after its last call."""
TRIES = 5
"""Of a transaction that the server has ended in favour of another one."""
_SECONDS = 30
"""To wait for the server, at most, before it counts as lost."""
_SCHEMA_LOCK = 0x636C_6175_6465
"""Two that make the same table at once fail, `IF NOT EXISTS` or not; so they take turns."""
_TABLE = """
CREATE TABLE IF NOT EXISTS claude_budget_cap (
  run text NOT NULL,
  account text NOT NULL,
  spent bigint NOT NULL,
  reserved bigint NOT NULL,
  touched timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (run, account)
)
"""
_CLEAR = "DELETE FROM claude_budget_cap WHERE touched < now() - %s * interval '1 day' AND run <> %s"
_RESERVE = """
INSERT INTO claude_budget_cap AS cap (run, account, spent, reserved) VALUES (%(run)s, %(account)s, 0, %(amount)s)
ON CONFLICT (run, account) DO UPDATE SET reserved = cap.reserved + %(amount)s, touched = now()
WHERE cap.spent + cap.reserved + %(amount)s <= %(most)s
"""
_SETTLE = """
UPDATE claude_budget_cap SET spent = least(spent + %(cost)s, %(most)s), reserved = reserved - %(amount)s, touched = now()
WHERE run = %(run)s AND account = %(account)s
"""
_CHARGED = "SELECT spent, reserved FROM claude_budget_cap WHERE run = %s AND account = %s"
_LOST = "the database of the cap"
_KNOWN_CAUSES = (
    *(
        "connection refused",
        "password authentication failed",
        "no password supplied",
        "timeout expired",
        "no pg_hba.conf entry",
    ),
    *(
        "could not translate host name",
        "failed to resolve host",
        "does not exist",
        "permission denied",
        "too many connections",
    ),
    *(
        "too many clients",
        "server closed the connection unexpectedly",
        "terminating connection",
        "ssl",
        "read-only transaction",
    ),
    *(
        "the connection is closed",
        "statement timeout",
        "network is unreachable",
        "no route to host",
        "no such file or directory",
    ),
)
"""What of a library's message is told on: its other words may hold a password."""
_T = TypeVar("_T")


class _NoRoomError(Exception):
    """Ends a transaction that has charged some accounts of several already."""

    def __init__(self, refused: Refused) -> None:
        super().__init__()
        self.refused = refused


class PostgresCap:
    """A store in a database: whoever names the same run shares it."""

    def __init__(self, url: str, run: str) -> None:
        """Reach the database, and make the table where it is not there. Raises UnavailableError; its words hold nothing of the URL."""
        self._url, self._run = url, _storable(run)
        self._turn: OneAtATime[Rows] = OneAtATime()
        self._connection: Connection[tuple[int, int]] | None = None
        self._inherited: list[object] = []
        """Connections of the parent of this process, which must not be closed here: the server would hear of it."""
        self._turn.now(self._transacted, _nothing)
        tell_of_forks(self)

    def reserve(self, claims: Sequence[Claim]) -> Reservation | Refused:
        """Charge all claims, each of another account, or none. Raises UnavailableError."""
        turn = self._turn
        try:
            turn.now(self._transacted, lambda rows: self._reserve(rows, claims))
        except _NoRoomError as error:
            return error.refused
        return Reservation(claims, turn)

    def settle(self, reservation: Reservation, *, cost: int, calls: int = 1) -> None:
        """Put what a call came to in the place of what was reserved for it. Raises UnavailableError: it stays charged then."""

        def work(rows: "Rows") -> None:
            for claim in _in_order(reservation.claims):
                spent = settlement(claim, cost, calls)
                rows.execute(_SETTLE, {**self._of(claim), "cost": spent, "most": MOST})

        turn = self._turn
        if reservation.hold is not turn:
            return
        turn.wait()
        try:
            if not reservation.settled:
                reservation.settled = True  # once: whether a try has failed is not known where its answer is lost
                turn.soon(self._transacted, work)
        finally:
            turn.lock.release()

    def charged(self, account: str) -> Charged:
        """What an account is charged with now. Raises UnavailableError."""
        return self._turn.now(self._transacted, lambda rows: self._charged(rows, account))

    def close(self) -> None:
        """Let go of the connection, until it is asked for again."""
        if self._turn.waiting:
            self._turn.now(self._transacted, _nothing)
        self._turn.now(lambda work: self._drop(), _nothing)

    def forget(self) -> None:
        """In a forked child: the connection is its parent's."""
        self._turn = OneAtATime()
        self._inherited.append(self._connection)
        self._connection = None

    def _transacted(self, work: "Callable[[Rows], _T]") -> _T:
        """Do it in a transaction, and what waits in the same."""
        import psycopg

        ended = (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected)
        for _ in range(TRIES):
            try:
                with self._begun() as rows:
                    done = work(rows)
                    waiting = list(self._turn.waiting)
                    for each in waiting:
                        each(rows)
            except ended:
                continue
            except psycopg.Error as error:
                self._drop()
                raise UnavailableError(_told(error)) from None
            except _NoRoomError:
                raise
            except BaseException:  # an interrupt: what the connection is in the middle of is not known
                self._drop()
                raise
            for _ in waiting:
                self._turn.waiting.popleft()
            return done
        raise UnavailableError(f"{_LOST} is too busy: {TRIES} tries were ended by others")

    @contextmanager
    def _begun(self) -> "Iterator[Rows]":
        from psycopg import sql

        connection = self._connection
        if connection is None or connection.closed:
            self._connection = connection = self._connected()
        with connection.transaction(), connection.cursor() as rows:
            rows.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(_SECONDS * 1000))
            yield rows

    def _connected(self) -> "Connection[tuple[int, int]]":
        import psycopg

        connection: Connection[tuple[int, int]] = psycopg.connect(
            self._url,
            autocommit=True,
            prepare_threshold=None,  # a pool between us and the server may not know them
            connect_timeout=10,
            tcp_user_timeout=_SECONDS * 1000,
            application_name="claude-budget",
        )
        connection.isolation_level = psycopg.IsolationLevel.READ_COMMITTED
        connection.read_only = False
        with connection.transaction():
            if connection.execute("SELECT 1 WHERE to_regclass('claude_budget_cap') IS NULL").fetchone():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_SCHEMA_LOCK,))
                connection.execute(_TABLE)
            connection.execute(_CLEAR, (DAYS, self._run))
        return connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def _reserve(self, rows: "Rows", claims: Sequence[Claim]) -> None:
        for claim in _in_order(claims):
            most = min(claim.most, MOST)
            if claim.amount > most or not rows.execute(_RESERVE, {**self._of(claim), "most": most}).rowcount:
                raise _NoRoomError(Refused(claim=claim, charged=self._charged(rows, claim.account)))

    def _charged(self, rows: "Rows", account: str) -> Charged:
        found = rows.execute(_CHARGED, (self._run, _key(account))).fetchone()
        return Charged() if found is None else Charged(spent=found[0], reserved=found[1])

    def _of(self, claim: Claim) -> dict[str, object]:
        return {"run": self._run, "account": _key(claim.account), "amount": claim.amount}


def _nothing(_: "Rows") -> None:
    """What needs the store open, and no more."""


def _in_order(claims: Sequence[Claim]) -> list[Claim]:
    """All take their rows in one order, so that no two wait for each other."""
    return sorted(claims, key=lambda claim: _key(claim.account))


def _key(account: str) -> str:
    """A hash: names of tests leave no machine."""
    return blake2b(account.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def _storable(run: str) -> str:
    return run.encode("utf-8", "replace").decode().replace("\0", "?")


def _told(error: "Error") -> str:
    """What is wrong with the database, in words that hold nothing of its URL."""
    import psycopg

    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        return f"{_LOST} has no URL that can be read: expected one such as postgresql://user:password@host/database"
    message = str(error).lower()
    cause = next((cause for cause in _KNOWN_CAUSES if cause in message), error.sqlstate or type(error).__name__)
    return f"{_LOST} cannot be reached or used: {cause}"
