"""The tests that a person means by a name."""

from collections.abc import Sequence

from pytest_claude_budget.base.errors import InputError, Problem


def find_tests(name: str, known: Sequence[str]) -> tuple[str, ...]:
    """The ids that a person means: one, or a test with all of its parameters; its end will do where it is no other's.

    Raises InputError.
    """
    if name in known:
        return (name,)
    found: dict[str, list[str]] = {}
    for whole in (True, False):
        for owner in known:
            test = _without_parameters(owner)
            if _ends(owner, name, whole=whole) or _ends(test, name, whole=whole):
                found.setdefault(test, []).append(owner)
        if found:
            break
    if len(found) == 1:
        return tuple(sorted(*found.values()))
    raise InputError(_unknown_test(name, sorted(found), known))


def _without_parameters(owner: str) -> str:
    file, border, name = owner.partition("::")
    return f"{file}{border}{name.partition('[')[0]}" if name.endswith("]") else owner


def _ends(owner: str, name: str, *, whole: bool) -> bool:
    """Does an id end so? `whole` asks for a name from its beginning: `test_fund` is no end of `test_refund`."""
    return owner == name or owner.endswith((f"/{name}", f"::{name}")) if whole else owner.endswith(name)


def _unknown_test(name: str, ends: Sequence[str], known: Sequence[str]) -> Problem:
    from pytest_claude_budget.base.schema_errors import suggestion

    what = "expected the id of a test or fixture in the report or the baseline"
    what += f", got {len(ends):,} that end so" if ends else ""
    near = ends or [owner for owner in known if name.lower() in owner.lower()]
    more = f" and {len(near) - 3:,} more" if len(near) > 3 else ""
    hint = f"one of {', '.join(near[:3])}{more}" if near else suggestion(name, known)
    hint = hint or "claude-budget compare lists what moved, baseline show the baseline's"
    return Problem(slug="unknown-test", where=repr(name[:200]), what=what, hint=hint)
