"""What git has of a file at another commit. Asks `git` itself, changes nothing, and takes no name for an option.

Only one answer means that there is no such file: a tree that git has read and that does not name it. Whatever else goes
wrong is an InputError with git's own words, which are shown and never read: they come in the user's language.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.render.terminal_text import printable

LONGEST_SECONDS = 30.0
_PLACES = frozenset(
    [
        "GIT_DIR",
        "GIT_COMMON_DIR",
        "GIT_WORK_TREE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_PREFIX",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_NAMESPACE",
        "GIT_SHALLOW_FILE",
        "GIT_GRAFT_FILE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_REPLACE_REF_BASE",
        "GIT_CONFIG",
        "GIT_LITERAL_PATHSPECS",
        "GIT_GLOB_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
    ]  # as git lists them
)
"""`git rev-parse --local-env-vars`, but for the settings: a hook and `git rebase --exec` set them for another folder."""
_SECRET = re.compile(r"//[^/@\s]+@")
_HASH = re.compile(r"[0-9a-f]{7,64}")
_BEHIND_A_NAME = re.compile(r"[~^:]|@\{")
_NOT_KNOWN = 1
"""Exit status of `rev-parse --quiet` for a name that stands for nothing. Every other failure has another one."""


@value_class(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came of one command."""

    status: int
    out: bytes
    said: str
    """What git said of it, in one line; without passwords, and for a terminal."""

    @property
    def text(self) -> str:
        """The output without its last line end."""
        return self.out.decode("utf-8", "surrogateescape").removesuffix("\n")


@value_class(frozen=True, kw_only=True, slots=True)
class Repository:
    """The repository that a folder belongs to, whatever the environment says of another one."""

    folder: Path
    """It, or a folder in it; a bare one too."""
    environ: Mapping[str, str]
    """Made by `without_places`."""
    seconds: float = LONGEST_SECONDS
    """How long one command may take."""

    def ask(self, *arguments: str, given: bytes = b"") -> Answer:
        """Run one command, which may read what is given. Raises InputError where git cannot be run, or does not end."""
        command = ["git", "--literal-pathspecs", "-C", str(self.folder), *arguments]
        try:
            ended = subprocess.run(
                command,
                env=dict(self.environ),
                input=given,
                capture_output=True,
                timeout=self.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise InputError(_not_asked(f"git {arguments[0]} gave no answer in {self.seconds:g} seconds")) from None
        except OSError as error:
            raise InputError(_not_asked(f"git cannot be run: {error.strerror or type(error).__name__}")) from None
        said = _SECRET.sub("//", ended.stderr.decode("utf-8", "replace"))
        return Answer(status=ended.returncode, out=ended.stdout, said=printable(" ".join(said.split()), 400))

    def told(self, where: str, *arguments: str) -> Answer:
        """Run one command that must succeed; `where` is what it is for, as the user named it. Raises InputError."""
        answer = self.ask(*arguments)
        if answer.status:
            raise InputError(failed(where, arguments[0], answer))
        return answer

    def prefix(self, where: str) -> str:
        """Where the folder is below the top: `api/`, or nothing at the top and in a bare repository."""
        return self.told(where, "rev-parse", "--show-prefix").text

    def file(self, where: str, commit: str, path: str) -> bytes | None:
        """A file of a commit, its path from the top; None where the commit's tree has nothing of that name."""
        found = self.told(where, "ls-tree", "-z", "--full-tree", commit, "--", path).out
        if not found:
            return None
        _, _, blob = found.partition(b"\t")[0].decode("ascii").split(" ")
        return self.told(where, "cat-file", "blob", blob).out


@value_class(frozen=True, kw_only=True, slots=True)
class AtCommit:
    """A file as it was."""

    commit: str
    """Abbreviated."""
    data: bytes | None
    """None where the commit has no such file."""


def without_places(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment in which git looks for the repository of a folder itself, and asks nobody anything."""
    kept = {name: value for name, value in environ.items() if name not in _PLACES}
    return {**kept, "GIT_TERMINAL_PROMPT": "0"}


def file_at(ref: str, name: str, folder: Path) -> AtCommit:
    """Read a file of a folder at a commit, branch or tag. Raises InputError where git cannot tell what was there."""
    repository = Repository(folder=folder, environ=without_places(os.environ))
    where = f"git:{printable(ref)}"
    found = repository.ask("rev-parse", "--show-prefix")
    if found.status:
        raise InputError(_no_repository(where, folder) or failed(where, "rev-parse", found))
    prefix = found.text
    _refuse_ambiguous(repository, where, ref)
    found = repository.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found.status == _NOT_KNOWN:
        what = "expected a branch, tag or commit of this repository, and git knows none by that name"
        raise InputError(Problem(slug="bad-ref", where=where, what=what, hint=printable(_way_to(repository, ref))))
    if found.status:
        raise InputError(failed(where, "rev-parse", found))
    short = repository.told(where, "rev-parse", "--short", found.text).text
    return AtCommit(commit=short, data=repository.file(where, found.text, f"{prefix}{name}"))


def _way_to(repository: Repository, ref: str) -> str:
    """How to get at a name that git does not know: another name, or a fetch where this checkout has not all of them."""
    from pytest_claude_budget.base.schema_errors import suggestion

    name = _BEHIND_A_NAME.split(ref, maxsplit=1)[0].removeprefix("refs/heads/")
    known = repository.ask("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes")
    names = known.text.splitlines()
    if name in names or name in ("HEAD", "@"):
        return "the name is known, and has no such commit before it: in a shallow checkout, git fetch --unshallow"
    of_remotes = [each for each in names if each.partition("/")[2] == name]
    if of_remotes:
        return f"did you mean 'git:{of_remotes[0]}'?"
    near = suggestion(name, names)
    partial = repository.ask("rev-parse", "--is-shallow-repository").text == "true"
    refspecs = repository.ask("config", "--get-all", "remote.origin.fetch").text
    if partial or (refspecs and "refs/heads/*" not in refspecs):
        remote = name.removeprefix("origin/")
        fetch = f"git fetch --depth=1 origin {remote}"
        if _HASH.fullmatch(remote):
            return f"this checkout has not all commits: {fetch}"
        also = f"; or {near.replace(chr(39), chr(39) + 'git:', 1)}" if near else ""
        whole = f"{fetch}:refs/remotes/origin/{remote}"
        return f"this checkout has not all branches: {whole}, then git:origin/{remote}{also}"
    if near is not None:
        return near.replace("'", "'git:", 1)
    return "git branch --all and git tag list them; git fetch brings new ones"


def _no_repository(where: str, folder: Path) -> Problem | None:
    """What to say where no folder above has a repository; None where one has, which git refuses for a reason of its own."""
    if any(
        (each / ".git").exists() or (each / "HEAD").is_file()
        for each in (folder.absolute(), *folder.absolute().parents)
    ):
        return None
    hint = "run it in the repository; or compare with a file, or with none"
    return Problem(
        slug="no-repository",
        where=where,
        what="expected a folder of a git repository, and this one is in none",
        hint=hint,
    )


def _refuse_ambiguous(repository: Repository, where: str, ref: str) -> None:
    """A name of a branch and of a tag with different commits: git takes the tag, which is rarely what is meant."""
    name = _BEHIND_A_NAME.split(ref, maxsplit=1)[0]
    places = [f"refs/{name}", f"refs/tags/{name}", f"refs/heads/{name}", f"refs/remotes/{name}"]
    there = "--format=%(refname) %(objectname) %(*objectname)"
    lines = repository.told(where, "for-each-ref", there, *places, f"refs/remotes/{name}/HEAD").text.splitlines()
    found = {words[0]: words[-1] for words in map(str.split, lines)}
    named = {place: found[place] for place in (*places, f"refs/remotes/{name}/HEAD") if place in found}
    if len(set(named.values())) > 1:
        what = f"the name stands for several commits: {', '.join(named)}"
        hint = f"write the one that is meant in full, for example git:{next(reversed(named))}"
        raise InputError(Problem(slug="ambiguous-ref", where=where, what=printable(what, 400), hint=printable(hint)))


def failed(where: str, command: str, answer: Answer) -> Problem:
    """What to say where git refused, or could not do, what was needed."""
    said = answer.said or f"exit status {answer.status}"
    hint = "mend that, or compare with a file or with none; it is not taken for a baseline that is not there"
    return Problem(slug="git-failed", where=where, what=f"git {command} failed, and says: {said}", hint=hint)


def _not_asked(what: str) -> Problem:
    hint = "install git, or name a file instead: --claude-budget-baseline=claude-budget.lock.json"
    return Problem(slug="no-git", where="git", what=what, hint=hint)
