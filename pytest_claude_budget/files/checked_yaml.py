"""Reads files that a schema must allow, and remembers those that it allowed, and what they hold.

The validator takes longer to import than a small suite takes to run, and PyYAML as long as all else that a budget file costs. So what
is left out for a file that is known is the schema's check and the parsing, never what its values mean. What is known is known
by a hash of all of the file, of the schema, and of our version.
"""

from hashlib import sha256
from pathlib import Path
from typing import Protocol

from pytest_claude_budget import __version__
from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.base.kept_document import as_kept, document_of
from pytest_claude_budget.base.places import YamlDocument
from pytest_claude_budget.files.read_write import parse_yaml_text, read_text, schema, schema_path

CACHE_KEY = "claude-budget/checked"
"""Where pytest's cache has the fingerprints."""


class Memory(Protocol):
    """Remembers fingerprints of files from one run to the next, and what the files hold. Nothing here raises."""

    def knows(self, fingerprint: str) -> bool:
        """Was this one remembered?"""

    def remember(self, fingerprint: str) -> None:
        """Keep it, if that can be done."""

    def recall(self, fingerprint: str) -> object:
        """What was kept of the file with this one; None where nothing was."""

    def keep(self, fingerprint: str, held: object) -> None:
        """Keep what the file with this one holds, if that can be done."""


class PytestsMemory:
    """What a pytest run in this folder has remembered. Only looked at: a command leaves pytest's cache alone.

    What a file holds a command reads for itself: it may judge code that was free to write into the cache.
    """

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

    def recall(self, fingerprint: str) -> object:  # noqa: ARG002  # as the protocol has it
        """Nothing."""
        return None

    def keep(self, fingerprint: str, held: object) -> None:
        """Leave it to pytest."""


def read_checked(path: Path, shown: str, schema_name: str, memory: Memory | None = None) -> YamlDocument:
    """A YAML file that the named schema allows. Raises InputError with every problem of the file."""
    text = read_text(path, shown)
    if memory is None:
        return _allowed(parse_yaml_text(text, shown), schema_name)
    fingerprint = _fingerprint(text, schema_name)
    known = document_of(memory.recall(fingerprint), shown)
    if known is not None:
        return known
    document = parse_yaml_text(text, shown)
    if not memory.knows(fingerprint):
        _allowed(document, schema_name)
        memory.remember(fingerprint)
    memory.keep(fingerprint, as_kept(document))
    return document


def _allowed(document: YamlDocument, schema_name: str) -> YamlDocument:
    from pytest_claude_budget.base.schema_errors import validate

    problems = validate(document, schema(schema_name))
    if problems:
        raise InputError(*problems)
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
