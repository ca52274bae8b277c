"""A report as a page: whole, escaped, the same bytes each time, and nothing in it that its own policy would not let run."""

import json
import re
from base64 import b64encode
from decimal import Decimal
from hashlib import sha256
from html.parser import HTMLParser

import pytest

from pytest_claude_budget.files.html_looks import packaged_looks
from pytest_claude_budget.render.html_charts import months, waterfall
from pytest_claude_budget.render.html_history import points
from pytest_claude_budget.render.html_page import page
from pytest_claude_budget.render.html_sections import tokens_table
from pytest_claude_budget.render.html_sites import flame
from pytest_claude_budget.render.html_tests import FAILED, MOVED, NEW, OVER, rows_of
from pytest_claude_budget.render.html_text import blocks, inline, ranked, script_data
from tests.builders.vendored_d3 import FOLDER, published, versions
from tests.golden.scenes import SCENES, document
from tests.html.full import TRIAGE, full, history

VOID = {"meta", "link", "br", "input"}


class Reader(HTMLParser):
    """Notes elements and attributes, and that each element is closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert tag == self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open:
            self.texts.setdefault(self.open[-1], []).append(data)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    made = {name: page(document(name), packaged_looks()) for name in SCENES if name != "many"}
    return {**made, "full": page(full(), packaged_looks(), history())}


def test_every_report_is_a_page_whose_elements_close_and_whose_ids_are_there_once(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        read = Reader(text)
        assert [] == read.open, name
        ids = [attributes["id"] for _, attributes in read.seen if "id" in attributes]
        assert len({*ids}) == len(ids), name
        links = [attributes["href"] for tag, attributes in read.seen if tag == "a"]
        assert [] == [link for link in links if link is None or link.removeprefix("#") not in ids], name


def test_nothing_in_a_page_asks_for_another_file_or_needs_more_than_its_policy_allows(pages: dict[str, str]) -> None:
    for text in pages.values():
        read = Reader(text)
        assert [] == [name for _, attributes in read.seen for name in attributes if name.startswith("on")]
        assert [] == [tag for tag, attributes in read.seen if {"src", "style", "srcset", "action"} & attributes.keys()]
        assert {"icon": "data:,"} == {each["rel"]: each["href"] for tag, each in read.seen if tag == "link"}
        assert {"meta", "link", "style", "script"}.isdisjoint(tag for tag, _ in read.seen[-5:-3])
        policy = next(each["content"] for _, each in read.seen if each.get("http-equiv") == "Content-Security-Policy")
        library, own = packaged_looks().scripts
        assert policy == (
            f"default-src 'none'; script-src {checksum(library)} {checksum(own)}; "
            f"style-src {checksum(packaged_looks().style)}; img-src data:; base-uri 'none'; form-action 'none'"
        )
        assert [library, own] == [script for script in read.texts["script"] if not script.startswith("{")]


def checksum(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def test_no_script_makes_code_of_text_or_reaches_for_the_network() -> None:
    for script in packaged_looks().scripts:
        assert [] == re.findall(
            r"\beval\(|new Function|innerHTML =|XMLHttpRequest|fetch\(|import\(|</script|<!--", script
        )
        assert "\r" not in script


def test_names_from_outside_are_text_wherever_they_stand(pages: dict[str, str]) -> None:
    text = pages["hostile"]
    assert 3 == text.count("<script") == text.count("</script>")
    assert "<img" not in text
    assert "javascript:" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        (
            "a `<b>` **c** <br> & <img src=x>",
            "a <code>&lt;b&gt;</code> <strong>c</strong> <br> &amp; &lt;img src=x&gt;",
        ),
        ("`` a`b ``", "<code>a`b</code>"),
        ("`**` and **x", "<code>**</code> and **x"),
        ('"quoted" `"x"`', "&quot;quoted&quot; <code>&quot;x&quot;</code>"),
        ("` ` `", "<code> </code> `"),
    ],
)
def test_markdown_becomes_the_few_tags_that_it_has(markdown: str, html: str) -> None:
    assert html == inline(markdown)


def test_lists_tables_and_folds_become_elements() -> None:
    lines = ["**T:**", "- one", "- `a|b`", "", "| N | > |", "| --- | ---: |", "| `x\\|y` | $1 |"]
    folded = ["<details><summary>More</summary>", "", "text", "", "</details>"]
    assert blocks([*lines, "", *folded]) == "\n".join(
        [
            "<p><strong>T:</strong></p>",
            "<ul><li>one</li><li><code>a|b</code></li></ul>",
            '<div class="wide" role="group" tabindex="0" aria-label="Table"><table><thead><tr><th scope="col">N</th>'
            '<th scope="col" class="number">&gt;</th></tr></thead><tbody>',
            '<tr><td><code>x|y</code></td><td class="number">$1</td></tr>',
            "</tbody></table></div>",
            "<details><summary>More</summary>",
            "<p>text</p>",
            "</details>",
        ]
    )


def test_steps_are_a_numbered_list() -> None:
    """As what is to be done to accept a change by hand and by an update."""
    said = blocks(["**To accept** all of this:", "", "1. raise `b.yml:4`", "2. commit", "", "**Over:**", "- one"])
    steps = "<ol><li>raise <code>b.yml:4</code></li><li>commit</li></ol>"
    assert said.splitlines()[1:] == [steps, "<p><strong>Over:</strong></p>", "<ul><li>one</li></ul>"]


def test_data_cannot_end_the_element_that_it_stands_in() -> None:
    value = ["</script><img onerror=x>", "<!--", "a\u2028b", "\udc80", "&amp;"]
    text = script_data(value)
    assert text.isascii()
    assert {"<", ">", "&"}.isdisjoint(text)
    assert value == json.loads(text)


def test_the_same_report_gives_the_same_bytes() -> None:
    assert page(document("over"), packaged_looks()) == page(document("over"), packaged_looks())


def test_an_empty_report_is_a_small_page(pages: dict[str, str]) -> None:
    """What a page is without data is the library and our own: 110 kB and some."""
    assert 100_000 < len(pages["no-calls"].encode()) < 160_000


def test_a_waterfall_leads_from_the_baseline_to_the_run() -> None:
    """0.0588 + 0.0175 + 0.0025 + 0.00234 + 0.00016 = 0.0813."""
    drawn = waterfall(document("over"))
    assert drawn is not None
    assert ("0.0588", "0.0813") == (drawn["before"]["amount"], drawn["after"]["amount"])
    german = "test_triage[german]"
    steps = [("0.0175", "test_refund"), ("0.0025", "test_escalate"), ("0.00234", german), ("0.00016", german)]
    assert steps == [(step["amount"], step["moved"]) for step in drawn["steps"]]
    assert None is waterfall(document("no-change"))
    assert None is waterfall(document("first-run"))


def test_a_long_waterfall_ends_in_one_step_for_all_smaller_causes() -> None:
    """Eleven causes of 11, 10, … 1 cents: eight steps, and 3 + 2 + 1 = 6 cents in the last."""
    of = document("over")
    kinds = (
        "calls",
        "model",
        "system",
        "tools",
        "messages",
        "parameters",
        "input",
        "cache",
        "output",
        "web_search",
        "advisor",
    )
    causes = [{"cause": kind, "amount": f"0.{11 - at:02}", "text": kind} for at, kind in enumerate(kinds)]
    owner = {**of["comparison"]["owners"][0], "change": "0.66", "causes": causes}
    drawn = waterfall({**of, "comparison": {**of["comparison"], "owners": [owner]}})
    assert drawn is not None
    assert 9 == len(drawn["steps"])
    assert {"label": "3 smaller causes", "amount": "0.06", "shown": "+$0.06", "moved": "test_refund"} == drawn["steps"][
        -1
    ]


def test_rows_are_in_the_order_of_their_cost_with_what_was_said_of_each() -> None:
    tests = rows_of(document("over"))
    first, second, *_, last = tests["rows"]
    assert ["tests/test_support.py::test_refund", MOVED | OVER, ":41"] == first[:3]
    assert [3, 3, [3600, 0, 0, 15000, 540, 0], "$0.0275", "$0.0275", "$0.00", "+$0.0175"] == first[5:12]
    assert ["$0.01", "", ["+$0.0175: makes 3 calls (was 1)"]] == first[13:]
    assert "$0.0088" == second[8]
    assert ["+$0.0025 (new)", NEW | MOVED] == [last[11], last[1]]
    # unchanged 0, then +0.0025 twice, then +0.0175
    assert [2, 1, 0, 1] == [first[12], second[12], tests["rows"][2][12], last[12]]
    assert [(MOVED, "moved", 3), (NEW, "new", 1), (OVER, "over a limit", 1)] == tests["filters"]


def test_what_is_not_in_the_run_has_a_row_without_a_cost() -> None:
    rows = {row[0]: row for row in rows_of(document("not-run"))["rows"]}
    gone = rows["tests/test_old.py::test_import"]
    assert ["–", "", "–", "removed", "$0.0375"] == [*gone[8:12], gone[13]]
    failed = {row[0]: row for row in rows_of(document("failed"))["rows"]}["tests/test_support.py::test_refund"]
    assert failed[1] & FAILED
    assert "The change is not known: the test failed" == failed[14]


def test_boxes_of_a_flame_graph_are_exact_sums_both_ways() -> None:
    """$0.0275 and $0.0025 of one line, $0.0088 of the other; the German test has $0.0025 + $0.0088 = $0.0113."""
    drawn = flame(full())
    assert drawn is not None
    frames = [name for _, name, _ in drawn["frames"]]
    assert [("reply", "0.03", 4), (TRIAGE[1], "0.0088", 1)] == [(frames[box[0]], box[1], box[3]) for box in drawn["up"]]
    assert [("test_refund", "$0.0275"), ("test_triage", "$0.0113")] == [
        (frames[box[0]], box[2]) for box in drawn["down"]
    ]
    assert {"amount": "0.0425", "shown": "$0.0425"} == drawn["without"]
    assert [["helpdesk/replies.py", "reply", 42], ["tests/test_support.py", "test_refund", 41]] == [
        frame for frame in drawn["frames"] if frame[1] in ("reply", "test_refund")
    ]
    assert None is flame(document("over"))


def test_tokens_by_kind_have_exact_dollars_that_add_up_to_the_run() -> None:
    """0.0132 + 0.0055 + 0.0626 = 0.0813. Of a report that does not tell them there is no column, and none is called zero."""
    told = tokens_table(full())
    assert ["$0.0132", "$0.0055", "$0.0626", "$0.0813"] == re.findall(r"\$[\d.]+", told)
    assert "Cost" not in tokens_table(document("over"))
    of = full()
    of["totals"] = {**of["totals"], "at_least": True}
    del of["cost_by_kind"]["output_tokens"]
    shown = re.findall(r"at least \$[\d.]+|not known", tokens_table(of))
    assert ["at least $0.0132", "at least $0.0055", "not known", "at least $0.0813"] == shown


def test_a_lever_says_its_dollars_as_far_as_they_are_known() -> None:
    read = Reader(page(full(), packaged_looks()))
    said = "".join(read.texts["p"] + read.texts["b"])
    assert "Saves  to  a run,  to  a month at average volume (50,000 requests)." in said
    assert {"$0.01", "$0.011", "$120.00", "$130.00"} <= {*read.texts["b"]}
    assert " a run was paid for it." in said
    assert "triage <b> · claude-sonnet-4-6" in said
    assert "Mark the last message for the cache" in read.texts["h3"]
    assert "Each call sends the conversation so far, and reads none of it from the cache." in said


def test_a_history_is_drawn_of_the_versions_that_can_be_read() -> None:
    assert [("2026-10-01", "$0.05"), ("2026-10-12", "$0.0588"), ("2026-10-30", "$0.0813")] == [
        (point["at"][:10], point["shown"]) for point in points(history())
    ]
    assert [] == points({**history(), "points": history()["points"][:2]})
    text = page(full(), packaged_looks(), history())
    assert text.index("<code>d1b2c3d</code>") < text.index("<code>b1b2c3d</code>") < text.index("<code>a1b2c3d</code>")
    assert "<td>Change &lt;i&gt;30&lt;/i&gt;</td>" in text


def test_months_are_drawn_by_scenario_with_what_they_were() -> None:
    average, heavy = months(document("over"))
    assert ["average", "heavy"] == [average["scenario"], heavy["scenario"]]
    assert {
        "label": "triage",
        "after": "440",
        "before": "315",
        "shown": "$440.00",
        "was": "was $315.00",
    }.items() <= average["rows"][0].items()
    assert ["120", "330"] == [average["rows"][1]["before"], average["rows"][1]["after"]]


def test_cells_are_ranked_by_their_exact_values() -> None:
    """In floats the first two are the same."""
    values = [Decimal("0.1"), Decimal("0.1000000000000000000000001"), None, Decimal(0)]
    assert [("a", 1), ("b", 2), ("c", -1), ("d", 0)] == ranked(["a", "b", "c", "d"], values)


def test_the_library_is_what_its_authors_published() -> None:
    kept = json.loads((FOLDER / "versions.json").read_text("utf-8"))
    assert versions() == kept
    assert {"ISC"} == {each["license"] for each in kept.values()}
    for name in kept:
        file = FOLDER / f"{name}.min.js"
        assert published(name.removeprefix("d3-")).read_bytes() == file.read_bytes()
