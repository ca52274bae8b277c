"""Names stay code in GitHub's own renderer, which has limits that no other renderer has."""

from html.parser import HTMLParser

import cmarkgfm  # type: ignore[import-untyped]  # it has no types
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_claude_budget.render.comment import comment, summary
from pytest_claude_budget.render.markdown_text import code, details, row, sentence, table
from tests.builders.tries import tries
from tests.golden.scenes import document

WORD = "**harmless**"
"""It would be bold, if it were no code."""
RUN = st.integers(0, 200).map("`".__mul__)
NAMES = (
    st.lists(RUN | st.sampled_from([WORD, " ", "a", "|", "\\", "::", "é"]), min_size=1, max_size=8)
    .map("".join)
    .filter(bool)
)
LONG = st.tuples(st.integers(0, 2000), st.sampled_from([WORD, "a", " "]), st.integers(0, 2000)).map(
    lambda parts: "`" * parts[0] + parts[1] + "`" * parts[2]
)


class _Reader(HTMLParser):
    """Gathers what is code, what is not, and what became bold."""

    def __init__(self) -> None:
        super().__init__()
        self.codes: list[str] = []
        self.plain = ""
        self.bold = 0
        self.within = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.bold += tag == "strong"
        if tag == "code":
            self.within = True
            self.codes.append("")

    def handle_endtag(self, tag: str) -> None:
        self.within = self.within and tag != "code"

    def handle_data(self, data: str) -> None:
        if self.within:
            self.codes[-1] += data
        else:
            self.plain += data


def read(page: str) -> _Reader:
    """A page as GitHub shows it."""
    reader = _Reader()
    reader.feed(cmarkgfm.github_flavored_markdown_to_html(page))
    return reader


def test_the_renderer_has_the_limit_that_this_is_about() -> None:
    """80 backticks open a piece of code, 81 do not."""
    assert [read(f"{'`' * length}{WORD}{'`' * length}").bold for length in (80, 81)] == [0, 1]


@given(NAMES | LONG, st.sampled_from([20, 60, 80, 120, 600]))
@settings(max_examples=tries(200), deadline=None)
def test_a_name_is_one_piece_of_code_wherever_it_stands(name: str, width: int) -> None:
    """In a paragraph, a heading, a list, a cell and a folded part; also where it was cut in the middle of a run."""
    said = code(name, width)
    pages = (
        f"is {said} here",
        f"### is {said} here",
        f"- is {said} here",
        "\n".join(table(("one", "two"), [(f"is {said}", "here")])),
        "\n".join(details("Names", [f"is {said} here"])),
    )
    for page in pages:
        found = read(page)
        assert (len(found.codes), found.bold) == (1, 0), page
        assert "`" not in found.plain
        assert "harmless" not in found.plain


@given(NAMES | LONG)
@settings(max_examples=tries(200), deadline=None)
def test_a_name_in_a_sentence_is_code_too(name: str) -> None:
    """Causes and reasons come as sentences."""
    for page in (f"because {sentence(f'test {name} makes 3 calls')}", "| a |\n| --- |\n" + row([sentence(name)])):
        found = read(page)
        assert (found.bold, "`" in found.plain) == (0, False), page


def test_a_whole_page_with_such_names_everywhere_shows_none_of_them_outside_of_code() -> None:
    """Owner, place, cause, feature, model and limit; also the comment that is written for a fork."""
    for length in (15, 16, 17, 79, 80, 81, 119, 500):
        name = f"{'`' * length}{WORD}{'`' * length}"
        report = document("over")
        for owner in report["comparison"]["owners"]:
            owner.update(owner=f"{name}::{name}", place=f"{name}:1", was=name)
            for cause in owner["causes"]:
                cause["text"] = f"the model is {name} now"
        for key, rows in (("model", "by_model"), ("feature", "by_feature"), ("owner", "by_owner")):
            for entry in report[rows]:
                entry[key] = name
        for breach in report["verdict"]["breaches"]:
            breach.update(name=name, text=name)
        report["comparison"]["baseline"]["source"] = name
        for page in (comment(report), summary(report)):
            assert "harmless" not in read(page).plain, length
