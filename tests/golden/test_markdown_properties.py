"""Whatever is in a report, its page is a page: bounded, with no link, no mention, no HTML but ours, and straight tables."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from pytest_claude_budget.render.comment import COMMENT_BYTES, SUMMARY_BYTES, comment, summary
from pytest_claude_budget.render.markdown_text import visual_lines
from tests.builders.tries import tries
from tests.golden.scenes import SCENES, document
from tests.golden.strategies import HOSTILE, documents

RENDERER = MarkdownIt("commonmark").enable("table").enable("strikethrough")
OURS = re.compile(r"<br>|<details><summary>[A-Za-z0-9 ·:;,.$¹⁸]+</summary>|</details>")
# What GitHub makes something of in plain text: mentions, issues, addresses, commits, emoji, formulas; and what nobody sees.
LINKED = re.compile(r"[@#`<>&*~\[\]\\]|://|www\.|GH-\d|:\w+:|\$(?!\d)")
UNSEEN = re.compile(r"[\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u3164\ud800-\udfff]")
COMMIT = re.compile(r"\b(?=\d*[a-f])[0-9a-f]{7,40}\b")


def tokens(page: str) -> Iterator[Token]:
    for token in RENDERER.parse(page):
        yield token
        yield from token.children or ()


def faults(page: str) -> list[str]:
    """Everything in a page that should not be there."""
    found = [f"link: {token}" for token in tokens(page) if token.type in ("link_open", "image", "fence", "code_block")]
    found = [fault for fault in found if "xychart-beta" not in fault]
    for token in tokens(page):
        if token.type in ("html_inline", "html_block"):
            found += [f"HTML: {line}" for line in token.content.split("\n") if line and not OURS.fullmatch(line)]
        if token.type == "code_inline" and UNSEEN.search(token.content):
            found.append(f"code: {token.content!r}")
        if token.type == "text" and any(banned.search(token.content) for banned in (LINKED, UNSEEN, COMMIT)):
            found.append(f"text: {token.content!r}")
    if "heading_open" not in [token.type for token in tokens(page)][:1]:
        found.append("the headline is no heading")
    widths: list[int] = []
    for line in page.split("\n"):
        cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("| ") else 0
        if cells and widths and widths[-1] and cells != widths[-1]:
            found.append(f"row: {line!r}")
        widths.append(cells)
    rendered = sum(token.type == "tr_open" for token in tokens(page))
    if rendered != sum(map(bool, widths)) - sum(line.startswith("| --") for line in page.split("\n")):
        found.append("a row of a table is no row")
    return found


@given(documents)
@settings(
    max_examples=tries(120), deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_no_report_gives_a_page_that_means_more_than_it_says(report: dict[str, Any]) -> None:
    for page, most in ((comment(report), COMMENT_BYTES), (summary(report), SUMMARY_BYTES)):
        assert len(page.encode("utf-8")) <= most
        assert faults(page) == []
    assert visual_lines(comment(report)) <= 25


@pytest.mark.parametrize("name", SCENES)
def test_no_scene_gives_a_page_that_means_more_than_it_says(name: str) -> None:
    assert faults(comment(document(name))) == []


@given(st.sampled_from(HOSTILE), st.integers(1, 600))
@settings(max_examples=tries(8), deadline=None)
def test_a_page_of_many_long_names_keeps_its_verdict_and_its_footer(piece: str, rows: int) -> None:
    report = document("over")
    owner = {**report["comparison"]["owners"][0], "owner": piece * 500, "place": piece * 500}
    owner["causes"] = [{"cause": "calls", "amount": "1", "text": piece * 500}] * 5
    breach = {**report["verdict"]["breaches"][0], "text": piece * 500, "name": piece * 500}
    report["comparison"]["owners"] = [owner] * rows
    report["verdict"].update(breaches=[breach] * rows, incomplete=[piece * 500] * rows, known=[breach] * rows)
    for page, most in ((comment(report), COMMENT_BYTES), (summary(report), SUMMARY_BYTES)):
        assert len(page.encode("utf-8")) <= most
        assert page.startswith("### Claude cost: ")
        assert page.endswith("rates as of 2026-11-23, both sides · baseline `main@5f9d731`\n")


def test_a_fault_is_found() -> None:
    """The measure itself: a page with each thing that is banned."""
    for text in ("@everyone", "#1", "<b>x</b>", "[a](b)", "![a](b)", "5f9d731", "https://a", "<!-- x -->", "a\u202eb"):
        assert faults(f"### Claude cost: {text}\n") != [], text
    assert faults("### x\n\n| a | b |\n| --- | --- |\n| 1 |\n") != []
