"""The limits of a comment, one line each however many tests are over it, and what a reader can do next."""

from collections.abc import Iterable, Iterator, Sequence

from pytest_claude_budget.base.money import dollars, dollars_holding, exact_dollars
from pytest_claude_budget.compare.not_compared import reasons
from pytest_claude_budget.judge.increases import INCREASES
from pytest_claude_budget.record.record import LOCK_FILE
from pytest_claude_budget.render import phrases
from pytest_claude_budget.render.comment_values import (
    Document,
    accepted_increases,
    budget_compared,
    failed_tests,
    failing,
    is_at,
    known_before,
    maximum_of,
    moved,
    only_warns,
    place_of,
    short,
    silent_tests,
    value_of,
    value_text,
)
from pytest_claude_budget.render.markdown_text import amount, amount_in, code, counted, number, sentence
from pytest_claude_budget.render.raising import (
    ToRaise,
    files_of,
    listed,
    new_text,
    places_words,
    plain_number,
    raise_words,
    update_steps,
)

COMMAND = "pytest --claude-budget-update"
UPDATE = f"run `{COMMAND}` and commit `{LOCK_FILE}`"
FOR_THE_NEXT = "**To compare the next change with this run:**"
NOT_NEEDED = "the check passes without"
_NOTHING_TO_DO = "; nothing to do"
_NOT_AT_HAND = "; the base's budget was not at hand"
_STEPS = 5
"""Steps before an update that an advice names."""


def limits(document: Document, most: int, where: str) -> list[str]:
    """List the limits that were reached: those that fail, those let pass, those that are close, those over before.

    What has no line of its own is named by its line in the budget file; `where` is where the rest of it is.
    """
    verdict, let_pass = document["verdict"], accepted_increases(document)
    close = [breach for breach in verdict["warnings"] if breach not in let_pass]
    by = sentence(document.get("accepted") or "", 120)
    kinds = (
        ("Over the limit", "over", failing(document)),
        (f"Accepted by {by}", "over", let_pass),
        (f"{_near(close).capitalize()} the limit", "", close),
        (_known_title(document), "over", known_before(document)),
    )
    lines: list[str] = []
    for title, word, breaches in kinds:
        each = by_limit(breaches)
        first = sorted(each, key=lambda rows: rows[0]["measure"] in INCREASES)[: max(most, 0)]
        shown = [rows for rows in each if rows in first]  # what is to be raised by hand is named before all else
        most -= len(shown)
        left = _places([rows for rows in each if rows not in shown])
        if each and not shown:
            lines += ["", f"**{title}:** {counted(len(each), 'limit')}{left or where}."]
        elif shown:
            rest = [f"- … and {len(each) - len(shown):,} more{left}{where}."] if len(each) > len(shown) else []
            lines += ["", f"**{title}:**", *(f"- {_line(word or _near(rows), rows)}" for rows in shown), *rest]
    return lines


def _places(each: Sequence[Sequence[Document]], told: Sequence[str] = ()) -> str:
    places = places_words([rows[0]["where"] for rows in each], _name, told) if each else ""
    return f" ({places})" if places else ""


def _known_title(document: Document) -> str:
    compared = budget_compared(document)
    over = f"Over {phrases.before_already(compared=compared)}"
    if not compared:
        return f"{over}{_NOT_AT_HAND}"
    verdict = document["verdict"]
    alone = verdict["outcome"] == "warned" and not verdict["warnings"] and not verdict["incomplete"]
    return f"{over}{_NOTHING_TO_DO if alone else ''}"


def _near(warnings: Sequence[Document]) -> str:
    at, above = sum(map(is_at, warnings)), sum(map(only_warns, warnings))
    return phrases.nearness(at, len(warnings) - at - above, above)


def by_limit(breaches: Iterable[Document]) -> list[list[Document]]:
    """The breaches of each limit together, the farthest first; the limits of the run first."""
    found: dict[tuple[str, str, str], list[Document]] = {}
    for breach in breaches:
        found.setdefault((breach["scope"], breach["path"], breach["where"]), []).append(breach)
    each = [sorted(rows, key=value_of, reverse=True) for rows in found.values()]
    return sorted(each, key=lambda rows: place_of(rows[0]))


def _line(word: str, breaches: Sequence[Document]) -> str:
    first = breaches[0]
    if "excess" not in first:  # of an older report
        return sentence(first["text"], 200)
    place = f" ({code(first['where'], 80)})" if first["where"] else ""
    excess = sentence(first["excess"], 200)
    if len(breaches) == 1:
        return f"{_whose(first)} {excess}{place}"
    things = f"{first['scope']}s" if first["scope"] != "projection" else "months"
    many = f"{number(len(breaches))} {things} are {word} {_words(first, of_all=True)}{place}"
    return f"{many}, the farthest {short(first['name'], 40)}: {value_text(first)}"


def _whose(breach: Document) -> str:
    scope, name = breach["scope"], breach["name"]
    if scope == "run":
        return "the run"
    if scope in ("test", "fixture"):
        return code(name, 100)
    return f"a month ({code(name, 60)})" if scope == "projection" else f"{scope} {code(name, 60)}"


def _words(breach: Document, *, of_all: bool = False) -> str:
    """The limit in its own words; `of_all` leaves out for which of several months it was reached."""
    words = breach.get("limit")
    if words and of_all and breach["scope"] == "projection":
        words = words.removesuffix(f", {breach['name']}")
    return code(words, 120) if words else maximum_of(breach)


def advice(document: Document) -> Iterator[str]:
    """Say what to do, where there is something; never an update that would be refused."""
    over, comparison = failing(document), document.get("comparison")
    outcome = document["verdict"]["outcome"]
    fixed = [breach for breach in over if breach["measure"] not in INCREASES]
    steps = _inline(_steps(document))
    capped = document["verdict"].get("capped")  # then an update would be refused
    yield from ("", f"**To pass:** {phrases.room_words(capped)}.") if capped else ()
    if len(fixed) < len(over):
        yield from _to_accept(document, by_hand=bool(fixed))
    elif fixed:
        yield from ("", f"**To pass:** make the calls cheaper, or {_raise(fixed)} and commit that.")
    elif not capped and document.get("accepted") is None:
        yield from _if_meant(document, steps)
    unfinished = document["verdict"].get("unfinished") or []
    if outcome == "incomplete" and len(unfinished) < len(reasons(document)):
        exempt = {row["owner"] for row in document.get("exempt") or ()}
        answers = any(row["owner"] not in exempt for row in document["unpriced"])
        marker = "@pytest.mark.claude_budget(may_be_unknown=True)"
        test = f", or `{marker}` at the test" if answers else ""  # which makes no month known
        what = "let it pass with `on_incomplete: warn` in the budget"
        yield from ("", f"**To pass:** {_rates_of(document)}; or {what}{test}.")
    elif outcome == "incomplete" and unfinished:
        yield from ("", "**To pass:** see to what stopped the run, and run the whole suite again.")
    if outcome == "unjudged" and not (unfinished or document["verdict"].get("part")):
        yield from ("", "Not judged: there is no budget file. `claude-budget init` writes one.")
    if document.get("not_compared"):
        yield from _not_compared(document["not_compared"])
    elif comparison is None and document["totals"]["calls"] and len(fixed) == len(over):
        then = f"see to that, then {_inline(_steps(document, told=True))}" if fixed and not capped else steps
        yield from ("", f"**No baseline yet:** {then}; the next change is then compared with this run.")


def _if_meant(document: Document, steps: str) -> Iterator[str]:
    """What makes the cost known, and then how it becomes the baseline, which nothing fails without."""
    comparison = document.get("comparison")
    stale, first = comparison is not None and _stale(comparison), before_an_update(document)
    if first and failed_tests(document) and document["verdict"]["outcome"] != "incomplete":
        then = (
            f" Then, if you like, {UPDATE}, so that the next change is compared with that run; {NOT_NEEDED}."
            if stale
            else ""
        )
        yield from ("", f"**To know the cost in full:** {', then '.join(first)}.{then}")
    elif stale:
        yield from ("", f"{FOR_THE_NEXT} {steps}; {NOT_NEEDED}.")


def _to_accept(document: Document, *, by_hand: bool) -> Iterator[str]:
    """All steps, as a list where some are done by hand and others by the update."""
    steps = _steps(document)
    if not by_hand:
        yield from ("", f"**To accept:** {_inline(steps)}.")
        return
    yield from ("", "**To accept** all of this:", "", *(f"{at}. {step}" for at, step in enumerate(steps, 1)))


def _rates_of(document: Document) -> str:
    """How what is not known becomes known: of models without rates, by their names."""
    rows = document["unpriced"]
    if not rows or not all(row["kind"] == "unpriced" and row["model"] for row in rows):
        return "mend what is named above"
    names = list(dict.fromkeys(row["model"] for row in rows))
    more = [f"{len(names) - _STEPS:,} more"] if len(names) > _STEPS else []
    said = listed([*(code(name, 60) for name in names[:_STEPS]), *more])
    return f"give {said} a rate in the budget (`rates: {{file: …}}` or `rates: {{aliases: …}}`), correct it if it is misspelt, or look whether a newer pytest-claude-budget knows it"


def _not_compared(reason: Document) -> Iterator[str]:
    """The one thing to do, and never an update that would accept what nobody has seen."""
    if reason["why"]:
        title = "No baseline" if reason["expected"] and reason["next"] else "Not compared"
        then = sentence(reason["next"].rstrip("."), 300)
        said = f" {then[0].upper()}{then[1:]}." if then else ""
        yield from ("", f"**{title}:** {sentence(reason['why'].rstrip('.'), 500)}.{said}")


def silence(document: Document, most: int, *, brief: bool = False) -> list[str]:
    """Say which tests ran without a single call, though the baseline has calls of them, and what to do about it."""
    rows = silent_tests(document)
    if not rows:
        return []
    named = [f"{short(row['owner'])} ({_was(row)})" for row in rows[: max(most, 1)]]
    more = [f"{len(rows) - len(named):,} more"] if len(rows) > len(named) else []
    told = COMMAND in "".join(advice(document))
    steps = "update the lock file" if brief else "the update accepts it too" if told else _inline(_steps(document))
    look = f" {phrases.LOOK_FOR_A_MOCK.capitalize()}; if that is intended, {steps}."
    accept = "" if document.get("accepted") is not None else look
    return ["", f"**No longer call Claude**, which is not counted as a saving: {', '.join([*named, *more])}.{accept}"]


def _was(row: Document) -> str:
    return "what it cost is not known" if row.get("before_at_least") else f"was {dollars(amount(row['before']))}"


def before_an_update(document: Document) -> list[str]:
    """What would make an update be refused, as what to do about it first, but for limits that are exceeded."""
    steps = document.get("before_update")
    if steps is not None:
        return [sentence(step, 120) for step in steps[:_STEPS]]
    ended = (document.get("run") or {}).get("outcome", "passed")
    verdict = document["verdict"]
    beside = len(verdict["incomplete"]) > len(
        verdict.get("unfinished") or ()
    )  # that the run did not end is said already
    unknown = bool(document["totals"]["at_least"]) or beside
    return phrases.before_an_update(ended, unknown=unknown)


def _steps(document: Document, *, told: bool = False) -> list[str]:
    """All that is to be done until an update is taken, and that it is to be committed; `told`: which limits to raise is said."""
    over = failing(document)
    fixed = [_to_raise(rows[0]) for rows in by_limit(each for each in over if each["measure"] not in INCREASES)]
    increases = by_limit([breach for breach in over if breach["measure"] in INCREASES])
    named = files_of(fixed)
    files = [*map(_name, named), f"`{LOCK_FILE}`"]
    update = update_steps(f"`{COMMAND}`", files, len(fixed), len(increases), _places(increases, named))
    return [*before_an_update(document), *(() if told else raised(document)), *update]


def _inline(steps: Sequence[str]) -> str:
    """Steps as a part of a sentence; the last two are the update and what is to be committed."""
    return f"{', then '.join(steps[:-1])} and {steps[-1]}"


def raised(document: Document) -> list[str]:
    """Which limits are to be raised before an update: it accepts increases, and nothing else that is too much."""
    fixed = [breach for breach in failing(document) if breach["measure"] not in INCREASES]
    return [_raise(fixed)] if fixed else []


def _raise(fixed: Sequence[Document]) -> str:
    return raise_words([_to_raise(rows[0]) for rows in by_limit(fixed)], _name)


def _name(name: str) -> str:
    return code(name, 80)


def _to_raise(farthest: Document) -> ToRaise:
    most, number_ = amount_in(farthest["maximum"]), farthest["maximum"]
    was = str(number_) if isinstance(number_, int) else plain_number(exact_dollars(most)) if most is not None else ""
    where = farthest["where"] or farthest["path"]
    return ToRaise(where=where, words=_words(farthest), to=_enough(farthest), was=was)


def _enough(farthest: Document) -> str:
    """The least that a limit is to be raised to; empty where the report does not say it in numbers."""
    value, most = farthest["value"], amount_in(farthest["value"])
    if isinstance(value, int):
        needed = str(value)
    elif most is None or amount_in(farthest["maximum"]) is None:
        return ""
    else:
        needed = plain_number(dollars_holding(most))
    measure, path = farthest["measure"], farthest["path"]
    return new_text(measure, path, needed, at_least=farthest["at_least"], show=lambda text: code(text, 60))


def _stale(comparison: Document) -> bool:
    """Does the lock file say something else than this run, beyond noise and what is not known?"""
    count = comparison["counts"]
    other = any(count.get(name) for name in ("new", "removed", "renamed"))
    changed = any(not row["noise"] and not row.get("not_known") for row in moved(comparison))
    return comparison["baseline"]["kind"] == "lock" and (other or changed)
