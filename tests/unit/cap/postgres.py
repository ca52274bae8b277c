"""A PostgreSQL server of the tests' own: on loopback, in a folder that goes with it, as an ordinary user."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ORDINARY = "nobody"
"""Who the server runs as where the tests run as root, which it refuses to do."""
PASSWORD = "s3cret-of-the-cap"
USER = "budget"


def programs() -> Path:
    """The folder of the newest server's programs. Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[4]))
    in_path = shutil.which("initdb")
    places = [*([Path(in_path).resolve()] if in_path else []), *found]
    assert places, "these tests need PostgreSQL's server: apt-get install postgresql"
    return places[-1].parent


def as_ordinary() -> dict[str, object]:
    """How a program is started as an ordinary user."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam(ORDINARY)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    assert isinstance(port, int)
    return port


class Server:
    """Starts and stops; its data stay."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._programs, self.port = folder, programs(), free_port()
        (folder / "password").write_text(PASSWORD, encoding="utf-8")
        if os.getuid() == 0:
            for path in (folder, folder / "password"):
                shutil.chown(path, ORDINARY)
        self._run(
            *("initdb", "--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C", f"--username={USER}"),
            *("--auth=scram-sha-256", f"--pwfile={folder / 'password'}", "--pgdata", folder / "data"),
        )
        self.start()

    @property
    def url(self) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c fsync=off -c unix_socket_directories= -c max_connections=60"
        options += " -c default_transaction_isolation=serializable"  # a setting that a store must not rest on
        self._run(
            "pg_ctl", "start", "--wait", "--pgdata", self._folder / "data", "--log", self._folder / "log", "-o", options
        )

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "--mode=immediate", "--pgdata", self._folder / "data")

    def _run(self, program: str, *arguments: object) -> None:
        subprocess.run(
            [str(self._programs / program), *map(str, arguments)],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            **as_ordinary(),  # type: ignore[call-overload]
        )


@contextmanager
def server() -> Iterator[Server]:
    with tempfile.TemporaryDirectory(prefix="cap-postgres-") as folder:
        made = Server(Path(folder))
        try:
            yield made
        finally:
            made.stop()
