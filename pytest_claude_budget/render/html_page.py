"""A report as one page for a browser, which needs no network and no other file: what it cost, why it moved, and where to look.

A pure function of the JSON report, and the same bytes for the same report. The policy in its head lets no script and no style
run but the two that it carries, by their checksums, and no request leave it.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import Any

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.render import html_sections as sections
from pytest_claude_budget.render.comment import remarks
from pytest_claude_budget.render.comment_facts import fact_parts
from pytest_claude_budget.render.comment_footer import footer
from pytest_claude_budget.render.comment_headline import headline
from pytest_claude_budget.render.comment_values import Document
from pytest_claude_budget.render.html_charts import months, tokens, waterfall
from pytest_claude_budget.render.html_history import as_table, points
from pytest_claude_budget.render.html_levers import levers
from pytest_claude_budget.render.html_sections import chart
from pytest_claude_budget.render.html_sites import flame
from pytest_claude_budget.render.html_tests import rows_of, static_table
from pytest_claude_budget.render.html_text import inline, plain, script_data, with_figures

_BADGES = {
    "within": "Within budget",
    "warned": "Warned",
    "over": "Over budget",
    "incomplete": "Incomplete",
    "unjudged": "Not judged",
}
_TITLE = "### Claude cost: "
_TAG = re.compile(r"<[^>]*>")


@value_class(frozen=True, kw_only=True, slots=True)
class Looks:
    """What the package has in files for each page."""

    style: str
    scripts: tuple[str, ...]


@value_class(frozen=True, kw_only=True, slots=True)
class _Drawn:
    """What the scripts draw and sort; None or empty is not there."""

    tests: dict[str, Any]
    waterfall: dict[str, Any] | None
    flame: dict[str, Any] | None
    tokens: list[dict[str, Any]]
    months: list[dict[str, Any]]
    history: list[dict[str, Any]]

    def data(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


_Section = tuple[str, str, str]
"""Id, title and body."""


def page(document: Document, looks: Looks, history: Document | None = None) -> str:
    """Lay out a report; `history` is what `claude-budget history --format json` tells."""
    drawn = _Drawn(
        tests=rows_of(document),
        waterfall=waterfall(document),
        flame=flame(document),
        tokens=tokens(document),
        months=months(document),
        history=points(history),
    )
    shown = [each for each in _sections(document, drawn, history) if each[2]]
    return "\n".join(
        [
            *_head(document, looks),
            '<body>\n<a class="skip" href="#main">To the report</a>',
            *_top(document, shown),
            '<main id="main">',
            *(_laid_out(*each) for each in shown),
            "</main>",
            f"<footer><p>{inline(footer(document))} · pytest-claude-budget {plain(document['tool']['version'])}</p></footer>",
            f'<script type="application/json" id="data">{script_data(drawn.data())}</script>',
            *(f"<script>{script}</script>" for script in looks.scripts),
            "</body>\n</html>\n",
        ]
    )


def _sections(document: Document, drawn: _Drawn, history: Document | None) -> Iterator[_Section]:
    """All of them, in the order of the questions that a reader has; one without a body is not shown."""
    yield "verdict", "Verdict", sections.verdict(document)
    yield "why", "Why it moved" if drawn.waterfall else "Beside the baseline", _why(document, drawn)
    yield "sites", "Where it is spent", sections.sites(document, drawn=drawn.flame is not None)
    yield "levers", "What would cost less", levers(document)
    yield "tests", "Tests", f'<div id="all-tests">\n{static_table(drawn.tests)}\n</div>' if drawn.tests["rows"] else ""
    yield "features", "Features", sections.features(document)
    yield "models", "Models", sections.models(document)
    yield "tiers", "Tiers", sections.tiers(document)
    yield "tokens", "Tokens", _tokens(document)
    yield (
        "month",
        "A month",
        chart("months", "A month by scenario", sections.months(document))
        if drawn.months
        else sections.months(document),
    )
    yield "failures", "Failures", sections.failures(document)
    through_time = (
        chart("history", "Cost of a run through time", as_table(history)) if history and drawn.history else ""
    )
    yield "through-time", "Through time", through_time
    yield "notes", "Notes", sections.notes(document, remarks(document, brief=False))


def _tokens(document: Document) -> str:
    shown = sections.tokens_table(document)
    drawn = chart("kinds", "Tokens by kind", shown) if shown else ""
    return f"{drawn}\n{sections.calls(document)}".strip()


def _why(document: Document, drawn: _Drawn) -> str:
    if document.get("comparison") is None:
        return ""
    steps = drawn.waterfall
    shown = "" if steps is None else chart("waterfall", "Change by cause", sections.steps_table(steps))
    return f"{shown}\n{sections.causes(document)}".strip()


def _laid_out(id_: str, title: str, body: str) -> str:
    return f'<section id="{id_}" aria-labelledby="{id_}-title">\n<h2 id="{id_}-title">{title}</h2>\n{body}\n</section>'


def _head(document: Document, looks: Looks) -> Iterator[str]:
    title = _TAG.sub("", inline(headline(document).removeprefix("### ")))
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(map(_checksum, looks.scripts))}",
            f"style-src {_checksum(looks.style)}",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">\n<meta name="robots" content="noindex">'
    yield f'<title>{title}</title>\n<link rel="icon" href="data:,">'
    yield f"<style>{looks.style}</style>\n</head>"


def _checksum(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _top(document: Document, shown: Iterable[_Section]) -> Iterator[str]:
    outcome = document["verdict"]["outcome"]
    said = inline(headline(document).removeprefix(_TITLE))
    yield '<header>\n<p class="of">Claude cost'
    yield f'<span class="badge {plain(outcome)}">{_BADGES.get(outcome, plain(outcome))}</span></p>'
    yield f"<h1>{said[:1].upper()}{said[1:]}</h1>"
    told = "".join(f"<li>{with_figures(inline(each))}</li>" for each in fact_parts(document))
    yield f'<ul class="facts">{told}</ul>' if told else ""
    links = "".join(f'<li><a href="#{id_}">{title}</a></li>' for id_, title, _ in shown)
    yield f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n</header>'
