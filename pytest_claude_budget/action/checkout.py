"""The checkout that the job stands in: which commit is the base, and how to have it at hand.

Shallow checkouts are the rule, so one commit is fetched where it is missing. The token goes to git by its environment,
as `actions/checkout` itself does it, and only to the server that the run belongs to.
"""

import base64
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pytest_claude_budget.values import value_class

_SECONDS = 60


@value_class(frozen=True, kw_only=True, slots=True)
class Checkout:
    """A git work tree."""

    folder: Path
    """It, or a folder in it."""
    environ: Mapping[str, str]
    """For git; see `git_environ`."""

    def prefix(self) -> str | None:
        """Where our folder is below the top, in git's own words: `api/`, or nothing at the top; None outside of any."""
        return self._git("rev-parse", "--show-prefix")

    def base(self, sha: str, base_sha: str) -> str | None:
        """The commit that a change is compared with: what it was merged with, or where it left the base.

        Args:
            sha: the commit that the event names; a pull request's is its merge with the base.
            base_sha: the base as the event knows it.
        """
        parents = self._parents()
        if len(parents) == 2 and self._git("rev-parse", "HEAD") == sha:
            return self.have(parents[0])
        if self.have(base_sha) is None:
            return None
        # In a shallow checkout nobody knows where the branch left; the base itself is then the honest stand-in.
        return self._git("merge-base", "HEAD", base_sha) or base_sha

    def have(self, commit: str) -> str | None:
        """The commit, fetched where it is not here; None where it cannot be had."""
        if self._git("cat-file", "-e", f"{commit}^{{commit}}") is None:
            self._git("fetch", "--quiet", "--no-tags", "--depth=1", "origin", commit)
        return commit if self._git("cat-file", "-e", f"{commit}^{{commit}}") is not None else None

    def text_at(self, commit: str, path: str) -> str | None:
        """A file at a commit; None where it has none of that name."""
        return self._git("show", f"{commit}:{path}")

    @contextmanager
    def worktree(self, commit: str, folder: Path) -> Iterator[Path]:
        """A second work tree, at another commit, while the block lasts."""
        self._git("worktree", "add", "--quiet", "--detach", "--force", str(folder), commit)
        try:
            yield folder
        finally:
            self._git("worktree", "remove", "--force", str(folder))

    def _parents(self) -> list[str]:
        """Of HEAD, from the commit itself: a shallow checkout hides them from everything else."""
        header = (self._git("cat-file", "commit", "HEAD") or "").partition("\n\n")[0]
        return [line.removeprefix("parent ") for line in header.splitlines() if line.startswith("parent ")]

    def _git(self, *arguments: str) -> str | None:
        """What git prints, without its last line end; None where it fails."""
        try:
            ended = subprocess.run(
                ["git", "-C", str(self.folder), *arguments],
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                check=False,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return ended.stdout.decode("utf-8", "replace").rstrip("\n") if ended.returncode == 0 else None


def git_environ(environ: Mapping[str, str], server_url: str, token: str) -> dict[str, str]:
    """The environment for git: never a question, any owner of the folder, and the token for our server alone."""
    added = safe_anywhere(environ)
    if token and server_url.startswith("https://"):
        secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        added |= _setting(added, f"http.{server_url}/.extraheader", f"AUTHORIZATION: basic {secret}")
    return {**environ, **added, "GIT_TERMINAL_PROMPT": "0"}


def safe_anywhere(environ: Mapping[str, str]) -> dict[str, str]:
    """What to add to an environment so that git reads a checkout that another user owns, as a container's is."""
    return _setting(environ, "safe.directory", "*")


def _setting(environ: Mapping[str, str], key: str, value: str) -> dict[str, str]:
    """One more setting, behind those that are there."""
    count = environ.get("GIT_CONFIG_COUNT", "")
    index = int(count) if count.isdecimal() else 0
    named = {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    return {"GIT_CONFIG_COUNT": str(index + 1), **named}
