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
from pytest_claude_budget.render.html_charts import waterfall
from pytest_claude_budget.render.html_sections import chart
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
    """What the scripts draw and sort."""

    tests: dict[str, Any]
    waterfall: dict[str, Any] | None


_Section = tuple[str, str, str]
"""Id, title and body."""


def page(document: Document, looks: Looks) -> str:
    """Lay out a report."""
    drawn = _Drawn(tests=rows_of(document), waterfall=waterfall(document))
    shown = [each for each in _sections(document, drawn) if each[2]]
    return "\n".join(
        [
            *_head(document, looks),
            '<body>\n<a class="skip" href="#main">To the report</a>',
            *_top(document, shown),
            '<main id="main">',
            *(_laid_out(*each) for each in shown),
            "</main>",
            f"<footer><p>{inline(footer(document))} · pytest-claude-budget {plain(document['tool']['version'])}</p></footer>",
            f'<script type="application/json" id="data">{script_data({"tests": drawn.tests, "waterfall": drawn.waterfall})}</script>',
            *(f"<script>{script}</script>" for script in looks.scripts),
            "</body>\n</html>\n",
        ]
    )


def _sections(document: Document, drawn: _Drawn) -> Iterator[_Section]:
    """All of them, in the order of the questions that a reader has; one without a body is not shown."""
    yield "verdict", "Verdict", sections.verdict(document)
    yield "why", "Why it moved", _why(document, drawn)
    yield "tests", "Tests", f'<div id="all-tests">\n{static_table(drawn.tests)}\n</div>' if drawn.tests["rows"] else ""
    yield "features", "Features", sections.features(document)
    yield "models", "Models", sections.models(document)
    yield "tiers", "Tiers", sections.tiers(document)
    yield "tokens", "Tokens", "\n".join((sections.tokens_table(document), sections.calls(document))).strip()
    yield "month", "A month", sections.months(document)
    yield "failures", "Failures", sections.failures(document)
    yield "notes", "Notes", sections.notes(document, remarks(document, brief=False))


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
