from pathlib import Path
from typing import Any

import pytest
import vcr  # type: ignore[import-untyped]  # vcrpy has no types
from anthropic import Anthropic

from helpdesk.replies import HANDBOOK, HandbookTooLongError, draft_reply, measure_handbook, warm_cache
from helpdesk.tickets import Ticket

REFUND = Ticket(
    number=4711,
    customer="Zoë Lambert",
    text="Bonjour, j'ai renvoyé mes chaussures il y a trois semaines et je n'ai toujours pas reçu les 149,90 €.",
)
HELMET = Ticket(
    number=4714,
    customer="Tom",
    text="My climbing helmet fell 20 metres down the face and has a hairline crack. Can your workshop glue it?",
)
POSTAGE = Ticket(number=4715, customer="Aoife", text="What is the postage to Ireland for an order of €62?")
MERINO = Ticket(number=4716, customer="Priya", text="How do I wash my merino shirt? Moths were in the drawer, too.")


@pytest.fixture(scope="module")
def handbook(client: Anthropic, vcr_config: dict[str, Any], record_mode: str) -> str:
    """The handbook, in the prompt cache. This fixture makes a call itself, and so has a cost of its own."""
    cassette = Path(__file__).parent / "cassettes" / "test_replies" / "handbook.yaml"
    mode = "all" if record_mode == "rewrite" else record_mode
    with vcr.use_cassette(str(cassette), record_mode=mode, **vcr_config):
        measure_handbook(client, HANDBOOK)
        warm_cache(client, HANDBOOK)
    return HANDBOOK


@pytest.mark.vcr
@pytest.mark.claude_budget(feature="replies", case="average")
def test_reply_is_shown_while_it_is_written(client: Anthropic, handbook: str) -> None:
    shown: list[str] = []

    draft = draft_reply(client, handbook, REFUND, shown.append)

    assert len(shown) > 5
    assert "".join(shown) == draft
    assert draft.startswith("Bonjour Zoë,")
    assert "149,90 €" in draft


@pytest.mark.vcr
@pytest.mark.claude_budget(feature="replies", case="light")
def test_damaged_safety_equipment_is_handed_over_in_two_sentences(client: Anthropic, handbook: str) -> None:
    draft = draft_reply(client, handbook, HELMET, show=print)

    assert "must not be used" in draft
    assert draft.count(".") == 2


@pytest.mark.vcr
@pytest.mark.claude_budget(feature="replies", case="heavy")
def test_two_customers_of_the_morning_are_answered(client: Anthropic) -> None:
    """The dearest test. Without the fixture above, its first reply writes the handbook to the prompt cache, and pays."""
    first = draft_reply(client, HANDBOOK, POSTAGE, show=print)
    second = draft_reply(client, HANDBOOK, MERINO, show=print)

    assert "€4.90" in first
    assert "wool programme" in second


@pytest.mark.vcr
@pytest.mark.claude_budget(feature="replies", case="light")
def test_handbook_that_is_too_long_is_refused_before_anything_is_paid(client: Anthropic) -> None:
    with pytest.raises(HandbookTooLongError, match=r"has 2,\d{3} tokens, 2,000 are allowed"):
        measure_handbook(client, HANDBOOK, longest=2_000)
