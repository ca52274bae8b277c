import asyncio

import pytest
from anthropic import Anthropic, AsyncAnthropic

from helpdesk.tickets import Ticket
from helpdesk.triage import Triage, triage, triage_queue

REFUND = Ticket(
    number=4711,
    customer="Zoë Lambert",
    text="Bonjour, j'ai renvoyé mes chaussures il y a trois semaines et je n'ai toujours pas reçu les 149,90 €.",
)
BROKEN_TENT = Ticket(
    number=4712,
    customer="Łukasz Wrona",
    text="""\
Hello, I bought the Ridgeway Works Col 2 tent from you last June. Yesterday evening, while we pitched it in the garden to
air it before our trip, one of the two main poles split along 10 cm right beside the ferrule. There was no wind. The
sleeve has a small hole now too, where the splinter went through.

We leave for the Tatra mountains on Friday next week and have no other tent. I have the invoice somewhere in my mails.
Can you send me a pole, or is it better that I send you everything? I can also bring it to a shop if there is one between
Kraków and Zakopane.""",
)
WASHING = Ticket(number=4713, customer="Ingrid", text="Which soap for my down jacket? The old one is empty.")


@pytest.mark.vcr
@pytest.mark.parametrize(
    ("ticket", "queue", "urgency"),
    [
        pytest.param(
            WASHING, "advice", "low", id="washing", marks=pytest.mark.claude_budget(feature="triage", case="light")
        ),
        pytest.param(
            REFUND, "returns", "high", id="refund", marks=pytest.mark.claude_budget(feature="triage", case="average")
        ),
        pytest.param(
            BROKEN_TENT, "workshop", "high", id="tent", marks=pytest.mark.claude_budget(feature="triage", case="heavy")
        ),
    ],
)
def test_ticket_goes_to_the_right_queue(client: Anthropic, ticket: Ticket, queue: str, urgency: str) -> None:
    result = triage(client, ticket)

    assert (result.queue, result.urgency) == (queue, urgency)
    assert ticket.customer not in result.summary


@pytest.mark.vcr
@pytest.mark.claude_budget(feature="triage", case="heavy")
def test_tickets_of_the_night_are_sorted_at_the_same_time(api_key: str) -> None:
    async def sort_all() -> list[Triage]:
        async with AsyncAnthropic(api_key=api_key, base_url="https://api.anthropic.com") as client:
            return await triage_queue(client, [WASHING, REFUND, BROKEN_TENT])

    assert [result.queue for result in asyncio.run(sort_all())] == ["advice", "returns", "workshop"]


@pytest.mark.vcr
@pytest.mark.claude_budget(feature="triage", case="average")
def test_triage_survives_an_overloaded_api(client: Anthropic) -> None:
    """The first try gets status 529 and the SDK tries again: two attempts, one of them billed."""
    assert triage(client, REFUND).queue == "returns"


def test_prompt_names_number_and_customer() -> None:
    """Asks Claude nothing, so it has no place in the cost table."""
    assert WASHING.as_prompt().startswith("Ticket 4713 from Ingrid:\n\nWhich soap")
