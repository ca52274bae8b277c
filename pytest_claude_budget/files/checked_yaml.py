"""Reads files that a schema must allow, and remembers those that it allowed.

The validator takes longer to import than a small suite takes to run. Only its check is ever left out, never the
parsing, nor what the file means. What is known is known by a hash of all of the file, of the schema, and of our version.
"""

from hashlib import sha256
from pathlib import Path
from typing import Protocol

from pytest_claude_budget import __version__
from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.base.places import YamlDocument
from pytest_claude_budget.base.schema_errors import validate
from pytest_claude_budget.files.read_write import parse_yaml_text, read_text, schema, schema_path

CACHE_KEY = "claude-budget/checked"
"""Where pytest's cache has the fingerprints."""


class Memory(Protocol):
    """Remembers fingerprints of files from one run to the next. Nothing here raises."""

    def knows(self, fingerprint: str) -> bool:
        """Was this one remembered?"""

    def remember(self, fingerprint: str) -> None:
        """Keep it, if that can be done."""


class PytestsMemory:
    """What a pytest run in this folder has remembered. Only looked at: a command leaves pytest's cache alone."""

    def __init__(self, cache: Path) -> None:
        self._file = cache / "v" / CACHE_KEY

    def knows(self, fingerprint: str) -> bool:
        """Was this one remembered?"""
        try:
            return f'"{fingerprint}"' in read_text(self._file, "")
        except InputError:
            return False

    def remember(self, fingerprint: str) -> None:
        """Leave it to pytest."""


def read_checked(path: Path, shown: str, schema_name: str, memory: Memory | None = None) -> YamlDocument:
    """A YAML file that the named schema allows. Raises InputError with every problem of the file."""
    text = read_text(path, shown)
    document = parse_yaml_text(text, shown)
    fingerprint = "" if memory is None else _fingerprint(text, schema_name)
    if memory is not None and memory.knows(fingerprint):
        return document
    problems = validate(document, schema(schema_name))
    if problems:
        raise InputError(*problems)
    if memory is not None:
        memory.remember(fingerprint)
    return document


def _fingerprint(text: str, schema_name: str) -> str:
    """Of all that the schema's check depends on; lengths keep the parts apart."""
    rules = read_text(schema_path(schema_name), f"{schema_name}.schema.json")
    digest = sha256()
    for part in (__version__, rules, text):
        data = part.encode()
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()
