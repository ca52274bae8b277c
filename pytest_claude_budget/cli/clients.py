"""`clients`: which clients are installed here, and how much of each is seen."""

import argparse
from typing import TYPE_CHECKING

from pytest_claude_budget.cli.common import Commands, add_command, put_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_claude_budget.calls.coverage_of_clients import KnownClient


def add_clients(commands: Commands) -> None:
    """Add `clients`."""
    help_ = "show which clients of Claude are installed here, and whether their calls are seen"
    add_command(commands, "clients", help_, "claude-budget clients").set_defaults(command=_clients)


def _clients(_: argparse.Namespace) -> int:
    from pytest_claude_budget.render.clients_table import clients_table

    put_out(clients_table(list(_installed())))
    return 0


def _installed() -> "Iterator[tuple[KnownClient, str]]":
    from pytest_claude_budget.calls.coverage_of_clients import KNOWN_CLIENTS

    for client in KNOWN_CLIENTS:
        version = _version(client)
        if version is not None:
            yield client, version


def _version(client: "KnownClient") -> str | None:
    """The version that is installed; empty where it has none of its own, None where it is not here."""
    import platform
    import shutil
    from importlib.metadata import PackageNotFoundError, version

    for package in client.packages:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    if client.packages:
        return None
    if client.program is None:
        return f"Python {platform.python_version()}"
    if client.name.startswith("@"):
        return _version_of_npm(client.name)
    return "" if shutil.which(client.program) else None


def _version_of_npm(name: str) -> str | None:
    """The version of a package that node finds from this folder."""
    import json
    from pathlib import Path

    here = Path.cwd()
    for folder in (here, *here.parents):
        manifest = folder / "node_modules" / name / "package.json"
        try:
            return str(json.loads(manifest.read_text(encoding="utf-8"))["version"])
        except OSError:
            continue
        except (ValueError, KeyError, TypeError):
            return ""
    return None
