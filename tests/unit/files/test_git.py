"""What git has of a lock file at a commit. Only "that tree has no such file" is no baseline; all else is git's own reason."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_claude_budget.base.errors import InputError
from pytest_claude_budget.files.baseline_file import load_baseline
from pytest_claude_budget.files.git import Repository, file_at, without_places
from pytest_claude_budget.record.record import LOCK_FILE

EMPTY = '{"schema_version": 1, "rates_as_of": "2026-11-23", "owners": {}}'
IDENTITY = ["-c", "user.name=t", "-c", "user.email=t@example.invalid", "-c", "commit.gpgsign=false"]


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings of this machine, and no repository around the test's folder."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))


def git(folder: Path, *arguments: str) -> str:
    """In a repository of the test's own."""
    command = ["git", *IDENTITY, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A lock file at the top and another one in a folder; the first commit has none of them."""
    folder = tmp_path / "a repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "empty")
    for place, said in ((folder, "2026-11-01"), (folder / "an api", "2026-11-02")):
        place.mkdir(exist_ok=True)
        (place / LOCK_FILE).write_text(EMPTY.replace("2026-11-23", said), encoding="utf-8")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "locks")
    return folder


def day(folder: Path, ref: str = "main") -> str | None:
    """Which lock file was read: each has a day of its own."""
    data = file_at(ref, LOCK_FILE, folder).data
    return None if data is None else json.loads(data)["rates_as_of"]


def refused(folder: Path, ref: str = "main") -> tuple[str, str]:
    """The slug and the fault of the one problem."""
    with pytest.raises(InputError) as caught:
        load_baseline(f"git:{ref}", folder)
    (problem,) = caught.value.problems
    return problem.slug, problem.what


def test_the_lock_file_of_the_folder_is_read_wherever_that_lies(repository: Path) -> None:
    """At the top, in a folder with a blank, and by a path with `..`."""
    api = repository / "an api"
    assert [day(repository), day(api), day(api / ".."), day(repository / "an api" / ".." / "an api")] == [
        "2026-11-01",
        "2026-11-02",
        "2026-11-01",
        "2026-11-02",
    ]


def test_a_bare_repository_is_read_from_its_top(repository: Path, tmp_path: Path) -> None:
    """It has no folder, so the lock file is the one at the top."""
    git(tmp_path, "clone", "-q", "--bare", str(repository), "bare.git")
    assert day(tmp_path / "bare.git") == "2026-11-01"


def test_a_tree_without_the_file_is_no_baseline_and_no_fault(repository: Path) -> None:
    """So is one whose folder was not there yet."""
    new = repository / "later"
    new.mkdir()
    assert [day(repository, "main~1"), day(repository / "an api", "main~1"), day(new)] == [None, None, None]
    loaded = load_baseline("git:main~1", repository)
    assert loaded is not None
    assert loaded.record is None


ASK = (
    "import sys; from pathlib import Path; from pytest_claude_budget.files.git import file_at;"
    f"found = file_at('main', {LOCK_FILE!r}, Path(sys.argv[1]));"
    "Path(sys.argv[2]).write_bytes(found.data or b'none')"
)


@pytest.mark.parametrize("linked", [False, True])
def test_in_a_hook_the_folders_own_repository_is_asked(repository: Path, tmp_path: Path, linked: bool) -> None:
    """Git tells a hook of its folder, its index and, of a linked work tree, its directory; the suite lies in a folder."""
    tree = repository
    if linked:
        tree = tmp_path / "linked"
        git(repository, "worktree", "add", "-q", "-b", "topic", str(tree))
    seen = tmp_path / "seen"
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "{ASK}" "{tree}/an api" "{seen}"\n', encoding="utf-8")
    hook.chmod(0o755)
    git(tree, "commit", "-q", "--allow-empty", "-m", "with a hook")
    assert json.loads(seen.read_text("utf-8"))["rates_as_of"] == "2026-11-02"


def test_in_a_rebase_the_folders_own_repository_is_asked(repository: Path, tmp_path: Path) -> None:
    """`git rebase --exec pytest`, in a linked work tree."""
    tree, seen = tmp_path / "linked", tmp_path / "seen"
    git(repository, "worktree", "add", "-q", "-b", "topic", str(tree))
    git(tree, "commit", "-q", "--allow-empty", "-m", "more")
    command = f'"{sys.executable}" -c "{ASK}" "{tree}/an api" "{seen}"'
    git(tree, "rebase", "-q", "--force-rebase", "--exec", command, "HEAD~1")
    assert json.loads(seen.read_text("utf-8"))["rates_as_of"] == "2026-11-02"


def test_another_repository_in_the_environment_is_not_asked(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a hook of one repository tests another; all that git calls local is left out, settings are kept."""
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q", "-b", "main")
    git(other, "commit", "-q", "--allow-empty", "-m", "empty")
    local = git(other, "rev-parse", "--local-env-vars").split()
    for name in (*local, "GIT_NAMESPACE"):
        if not name.startswith("GIT_CONFIG"):
            monkeypatch.setenv(name, str(other / ".git"))
    assert day(repository / "an api") == "2026-11-02"
    assert {name for name in local if name in without_places(os.environ)} == set()
    kept = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    assert without_places(kept) == kept | {"GIT_TERMINAL_PROMPT": "0"}


def test_a_partial_clone_that_cannot_fetch_the_file_is_refused(repository: Path, tmp_path: Path) -> None:
    """The tree names the file; what it holds is not here, and its origin is gone."""
    git(repository, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    source = f"file://{repository}".replace(" ", "%20")
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", source, str(clone))
    shutil.rmtree(repository)
    slug, what = refused(clone)
    assert slug == "git-failed"
    assert "git cat-file failed, and says: " in what
    assert day(clone, "main~1") is None


def test_a_sparse_checkout_has_the_file_though_it_is_not_in_the_folder(repository: Path, tmp_path: Path) -> None:
    """What is not checked out is in the tree all the same."""
    clone = tmp_path / "sparse"
    git(tmp_path, "clone", "-q", str(repository), str(clone))
    git(clone, "sparse-checkout", "set", "an api")
    git(clone, "sparse-checkout", "set", "--no-cone", "/nothing")
    (clone / "an api").mkdir(exist_ok=True)
    assert not (clone / "an api" / LOCK_FILE).exists()
    assert day(clone / "an api") == "2026-11-02"


def test_a_checkout_of_somebody_else_is_refused_in_gits_own_words(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Git names `safe.directory`, which is a setting and no word of a language."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    slug, what = refused(repository)
    assert slug == "git-failed"
    assert "safe.directory" in what


def test_a_repository_whose_objects_are_lost_is_refused(repository: Path) -> None:
    """The commit is there, its tree is not."""
    tree = git(repository, "rev-parse", "main^{tree}")
    (repository / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    assert refused(repository)[0] == "git-failed"


@pytest.mark.parametrize("ref", ["nope", "--output=x", "f" * 40, "main:an api", "a b", "main~7"])
def test_a_name_that_git_does_not_know_is_refused(repository: Path, ref: str) -> None:
    """Whatever it looks like."""
    assert refused(repository, ref)[0] == "bad-ref"


@pytest.mark.parametrize("behind", ["", "~0", "^{commit}", "@{0}"])
def test_a_name_of_two_commits_is_refused_and_told_apart_in_full(repository: Path, behind: str) -> None:
    """A branch and a tag: git would take the tag. Where both are one commit, there is nothing to tell apart."""
    git(repository, "tag", "release", "main~1")
    git(repository, "branch", "release", "main")
    slug, what = refused(repository, f"release{behind}")
    assert (slug, what) == (
        "ambiguous-ref",
        "the name stands for several commits: refs/tags/release, refs/heads/release",
    )
    assert [day(repository, "refs/heads/release"), day(repository, "refs/tags/release")] == ["2026-11-01", None]
    git(repository, "tag", "-f", "-a", "-m", "the same", "release", "main")
    assert day(repository, "release") == "2026-11-01"


def test_without_git_or_its_answer_nothing_is_taken_for_no_baseline(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not installed; or it waits for something."""
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    assert refused(repository)[0] == "no-git"
    (programs / "git").write_text("#!/bin/sh\nexec /bin/sleep 60\n", encoding="utf-8")
    (programs / "git").chmod(0o755)
    slow = Repository(folder=repository, environ=without_places(os.environ), seconds=0.1)
    with pytest.raises(InputError, match=r"git rev-parse gave no answer in 0\.1 seconds"):
        slow.prefix("git:main")


def test_a_password_in_an_address_is_not_shown(repository: Path) -> None:
    """Git itself leaves it out of most messages."""
    asked = Repository(folder=repository, environ=without_places(os.environ))
    answer = asked.ask("fetch", "nosuch://user:secret@127.0.0.1/x")
    assert answer.status != 0
    assert "secret" not in answer.said


def test_a_lock_file_that_is_no_text_is_refused(repository: Path) -> None:
    """As one in the folder is."""
    (repository / LOCK_FILE).write_bytes(b'{"schema_version": 1, "\xff": 2}')
    git(repository, "commit", "-q", "-a", "-m", "damaged")
    assert refused(repository)[0] == "not-utf-8"


def hint(folder: Path, ref: str) -> str:
    """What to do."""
    with pytest.raises(InputError) as caught:
        load_baseline(f"git:{ref}", folder)
    (problem,) = caught.value.problems
    assert problem.slug == "bad-ref"
    return problem.hint


def test_a_misspelt_name_is_met_with_the_one_that_was_meant(repository: Path, tmp_path: Path) -> None:
    """Of branches, tags and branches of remotes."""
    git(repository, "branch", "feature/prompts")
    git(repository, "tag", "v1.2.0")
    assert hint(repository, "mian") == "did you mean 'git:main'?"
    assert hint(repository, "feature/promts") == "did you mean 'git:feature/prompts'?"
    assert hint(repository, "v1.2.O") == "did you mean 'git:v1.2.0'?"
    assert hint(repository, "zzz") == "git branch --all and git tag list them; git fetch brings new ones"
    assert hint(repository, "main~9") == (
        "the name is known, and has no such commit before it: in a shallow checkout, git fetch --unshallow"
    )
    git(tmp_path, "clone", "-q", str(repository), "clone")
    assert hint(tmp_path / "clone", "feature/prompts") == "did you mean 'git:origin/feature/prompts'?"


def test_a_branch_that_was_not_fetched_is_named_with_the_fetch(repository: Path, tmp_path: Path) -> None:
    """As in a checkout of CI, shallow and of one branch; what is said there can be done."""
    git(repository, "branch", "release")
    git(tmp_path, "clone", "-q", "--depth=1", repository.as_uri(), "shallow")
    shallow = tmp_path / "shallow"
    said = hint(shallow, "release")
    command = "git fetch --depth=1 origin release:refs/remotes/origin/release"
    assert said == f"this checkout has not all branches: {command}, then git:origin/release"
    git(shallow, *command.split()[1:])
    assert day(shallow, "origin/release") == "2026-11-01"
    first = git(repository, "rev-list", "--max-parents=0", "main")
    assert hint(shallow, first) == f"this checkout has not all commits: git fetch --depth=1 origin {first}"
    assert "; or did you mean 'git:main'?" in hint(shallow, "mian")


def test_a_folder_in_no_repository_is_told_from_one_that_git_refuses(repository: Path, tmp_path: Path) -> None:
    """The former is ours to say, the latter git's: an owner that it distrusts, with the way out."""
    assert refused(tmp_path) == ("no-repository", "expected a folder of a git repository, and this one is in none")
    (repository / ".git" / "HEAD").write_text("what?\n", encoding="utf-8")
    slug, what = refused(repository)
    assert slug == "git-failed"
    assert what.startswith("git rev-parse failed, and says: ")
