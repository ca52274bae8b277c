"""The last line of a comment: the proof that nothing was missed."""

from pytest_claude_budget.render.comment_values import Document, failed_tests
from pytest_claude_budget.render.markdown_text import code, number, sentence
from pytest_claude_budget.render.phrases import may_lack


def footer(document: Document) -> str:
    """Prove that nothing was missed: answers, rates, baseline."""
    answers, comparison = document["answers"], document.get("comparison")
    seen = "1 answer" if answers["seen"] == 1 else f"{number(answers['seen'])} answers"
    parts = [f"{number(answers['priced'])} of {seen} priced"]
    if answers["free"]:
        parts[0] += f" and {number(answers['free'])} free of charge"
    failed = failed_tests(document)
    parts[0] += may_lack(
        len(failed), interrupted=set(failed) <= set((document.get("run") or {}).get("interrupted") or ())
    )
    parts.append(f"rates as of {sentence(document['rates_as_of'], 20)}" + (", both sides" if comparison else ""))
    if comparison is not None:
        parts.append(f"baseline {_baseline(comparison['baseline'])}")
    shards = len(document["run"]["ids"])
    if shards > 1:
        parts.append(f"{number(shards)} shards")
    return " · ".join(parts)


def _baseline(baseline: Document) -> str:
    commit = baseline["commit"]
    source = baseline["source"].removeprefix("git:") if baseline["kind"] == "git" else baseline["source"]
    return code(f"{source}@{commit}" if commit else source, 80)
