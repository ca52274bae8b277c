"""The checkout that the job stands in: which commit is the base, and how to have it at hand.

Shallow checkouts are the rule, so what is missing is fetched: of a shallow one a single commit, of a complete one all, so
that it stays complete. The token goes to git by its environment, as `actions/checkout` itself does it, and only to the
server that the run belongs to. What git cannot do is an InputError: a base that cannot be had is not one that is not there.
"""

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pytest_claude_budget.base.errors import InputError, Problem
from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.files.git import Repository, failed, without_places

_SECONDS = 60.0
_BASE = "the base commit"
_DEEPER = ("50", "1000")
"""How many commits more are fetched, one after the other, to find where a branch left its base."""


@value_class(frozen=True, kw_only=True, slots=True)
class Checkout:
    """A git work tree."""

    folder: Path
    """It, or a folder in it."""
    environ: Mapping[str, str]
    """For git; see `git_environ`."""

    @property
    def repository(self) -> Repository:
        """Git itself."""
        return Repository(folder=self.folder, environ=self.environ, seconds=_SECONDS)

    def prefix(self) -> str | None:
        """Where our folder is below the top, in git's own words: `api/`, or nothing at the top; None outside of any."""
        try:
            return self.repository.prefix(_BASE)
        except InputError:
            return None

    def merged_with(self, sha: str) -> str | None:
        """What a pull request was merged with, where HEAD is that merge: `sha` is the one that the event names."""
        git = self.repository
        parents = self._parents()
        if len(parents) == 2 and git.told(_BASE, "rev-parse", "HEAD").text == sha:
            return self.have(parents[0])
        return None

    def left(self, base: str) -> str:
        """The commit at which HEAD's branch left the base. Raises InputError where that cannot be found out."""
        self.have(base)
        git = self.repository
        for deeper in (*_DEEPER, None):
            found = git.ask("merge-base", "HEAD", base)
            if found.status == 0:
                return found.text
            if found.status != 1:
                raise InputError(failed(_BASE, "merge-base", found))
            if deeper is None or not self.shallow():
                break
            head = git.told(_BASE, "rev-parse", "HEAD").text
            git.told(_BASE, "fetch", "--quiet", "--no-tags", f"--deepen={deeper}", "origin", head, base)
        what = f"this checkout does not show where its branch left the base, {base[:12]}"
        hint = "set fetch-depth: 0 at actions/checkout, or check out the merge that GitHub offers"
        raise InputError(Problem(slug="no-merge-base", where=_BASE, what=what, hint=hint))

    def have(self, commit: str) -> str:
        """The commit, fetched where it is not here. Raises InputError where it cannot be had."""
        if not self._has(commit):
            depth = ["--depth=1"] if self.shallow() else []
            self.repository.told(_BASE, "fetch", "--quiet", "--no-tags", *depth, "origin", commit)
        self.repository.told(_BASE, "cat-file", "-e", f"{commit}^{{commit}}")
        return commit

    def have_unless_lost(self, commit: str) -> str | None:
        """The same; None where the server answers, and does not give that commit. Raises InputError where it does not."""
        try:
            return self.have(commit)
        except InputError:
            self.repository.told(_BASE, "ls-remote", "--quiet", "origin", "HEAD")
            return None

    def text_at(self, commit: str, path: str) -> str | None:
        """A file at a commit; None where it has none of that name. Raises InputError where that cannot be read."""
        data = self.repository.file(path, commit, path)
        return None if data is None else data.decode("utf-8", "replace")

    @contextmanager
    def worktree(self, commit: str, folder: Path) -> Iterator[Path]:
        """A second work tree, at another commit, while the block lasts. Raises InputError where there can be none."""
        git = self.repository
        git.told(_BASE, "worktree", "add", "--quiet", "--detach", "--force", str(folder), commit)
        try:
            yield folder
        finally:
            git.ask("worktree", "remove", "--force", str(folder))

    def _has(self, commit: str) -> bool:
        return self.repository.ask("cat-file", "-e", f"{commit}^{{commit}}").status == 0

    def shallow(self) -> bool:
        """Has it only the newest commits?"""
        return self.repository.told(_BASE, "rev-parse", "--is-shallow-repository").text == "true"

    def _parents(self) -> list[str]:
        """Of HEAD, from the commit itself: a shallow checkout hides them from everything else."""
        header = self.repository.told(_BASE, "cat-file", "commit", "HEAD").text.partition("\n\n")[0]
        return [line.removeprefix("parent ") for line in header.splitlines() if line.startswith("parent ")]


def git_environ(environ: Mapping[str, str], server_url: str, token: str) -> dict[str, str]:
    """The environment for git: never a question, any owner of the folder, and the token for our server alone."""
    added = safe_anywhere(environ)
    if token and server_url.startswith("https://"):
        secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        added |= _setting(added, f"http.{server_url}/.extraheader", f"AUTHORIZATION: basic {secret}")
    return without_places({**environ, **added})


def safe_anywhere(environ: Mapping[str, str]) -> dict[str, str]:
    """What to add to an environment so that git reads a checkout that another user owns, as a container's is."""
    return _setting(environ, "safe.directory", "*")


def _setting(environ: Mapping[str, str], key: str, value: str) -> dict[str, str]:
    """One more setting, behind those that are there."""
    count = environ.get("GIT_CONFIG_COUNT", "")
    index = int(count) if count.isdecimal() else 0
    named = {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return {"GIT_CONFIG_COUNT": str(index + 1), **named}
