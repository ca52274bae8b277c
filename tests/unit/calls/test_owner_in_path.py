"""The owner in a path: whoever pays comes out as it went in, and nothing else does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.calls.owner_in_path import NOBODY, Payer, payer_of, split, token_of

OWNERS = st.none() | st.tuples(st.text(), st.text(), st.text())
LABELS = st.lists(st.sampled_from(("feature", "tier", "case")), unique=True).flatmap(
    lambda names: st.tuples(*(st.tuples(st.just(name), st.text()) for name in names))
)


@given(
    st.builds(Payer, OWNERS, st.text(), LABELS, st.text(), st.text()),
    st.sampled_from(("", "v1/messages", "v1/messages?beta=true", "?a=/b")),
)
def test_whoever_pays_comes_out_as_it_went_in(payer: Payer, rest: str) -> None:
    token = token_of(payer)
    assert split(f"/t/{token}/{rest}") == (token, f"/{rest}")
    found = payer_of(token)
    assert found._replace(labels=tuple(sorted(found.labels))) == payer._replace(labels=tuple(sorted(payer.labels)))


@given(st.text())
def test_what_is_no_token_of_ours_is_nobody(text: str) -> None:
    assert payer_of(text) == NOBODY


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/messages", ("", "/v1/messages")),
        ("/t/abc/v1/messages", ("abc", "/v1/messages")),
        ("/t/abc", ("abc", "/")),
        ("/t/abc?beta=true", ("abc", "/?beta=true")),
        ("/t//v1/messages", ("", "/v1/messages")),
        ("/tests", ("", "/tests")),
    ],
)
def test_a_path_is_taken_apart(path: str, expected: tuple[str, str]) -> None:
    assert split(path) == expected


def test_an_owner_that_is_too_long_for_a_path_is_left_out() -> None:
    assert token_of(Payer(("x" * 100_000, "test", "call"))) == ""


def test_what_a_mark_allows_is_left_out_before_its_owner_is() -> None:
    payer = Payer(("x" * 15_000, "test", "call"), own="y" * 15_000)
    assert payer_of(token_of(payer)) == payer._replace(own="")
