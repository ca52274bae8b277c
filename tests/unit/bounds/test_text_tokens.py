import sys
from unicodedata import normalize

from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.bounds.text_tokens import most_tokens


def test_a_token_for_each_byte() -> None:
    assert most_tokens("Hi, all") == 7
    assert most_tokens("née") == 5  # NFKD: e and a mark of two bytes, where é is two
    assert most_tokens("\ud800") == 3


def test_one_character_may_become_many() -> None:
    """U+FDFA is 18 characters in NFKC: 15 letters of two bytes and 3 spaces."""
    assert most_tokens("\ufdfa") == 33


def test_a_form_that_is_shorter_than_what_was_sent_lowers_nothing() -> None:
    assert most_tokens("\uff21") == 3  # a wide A, which NFKC makes one of one byte


def test_no_character_that_nfkc_leaves_is_longer_than_what_it_is_made_of() -> None:
    """So that NFKD is a bound of NFKC, whatever stands beside a character: each of Unicode is tried."""
    longer = [
        code
        for code in range(sys.maxunicode + 1)
        if not 0xD800 <= code <= 0xDFFF
        if not chr(code).isascii()
        if len(chr(code).encode()) > len(normalize("NFKD", chr(code)).encode())
        if normalize("NFKC", chr(code)) == chr(code)
    ]
    assert [] == longer


@given(st.text())
def test_it_is_never_below_either_form(text: str) -> None:
    for form in (text, normalize("NFKC", text), normalize("NFC", text)):
        assert most_tokens(text) >= len(form.encode("utf-8", "surrogatepass"))


@given(st.text(), st.text())
def test_more_text_is_never_fewer_tokens(one: str, other: str) -> None:
    assert most_tokens(one + other) >= max(most_tokens(one), most_tokens(other))
