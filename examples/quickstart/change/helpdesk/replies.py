"""Feature "replies": draft an answer that keeps to the handbook, and show it while it is being written.

The handbook goes along with every request. It is marked with `cache_control`: the first request writes it to the prompt
cache, at 1.25 times the input rate; those of the next five minutes read it, at a tenth.
"""

from collections.abc import Callable
from pathlib import Path

from anthropic import Anthropic
from anthropic.types import TextBlockParam

from helpdesk.tickets import Ticket

MODEL = "claude-sonnet-4-6"
HANDBOOK = Path(__file__).with_name("handbook.md").read_text(encoding="utf-8")
LONGEST_HANDBOOK = 6_000
"""In tokens. A longer one belongs behind a search, not into every prompt."""

RULES = """\
You draft replies for the customer care of Ridgeway Outfitters. A colleague reads each draft before it is sent.
Keep to the handbook below, to its facts as well as to its tone. Write the reply only, without a subject line.

You write to {customer}. Greet them by name, and answer in the language of their ticket. Say first what they want to know,
then what they can do themselves, then what we do and by when. If they are upset, show in one sentence that you have read
why, and do not argue. Name amounts, dates and numbers of orders exactly as in the ticket. Never promise what the handbook
does not say, and never mention it."""

CHECK = """\
You check a draft of customer care. Is it friendly, in the language of the ticket, and free of blame? Answer yes or no."""


class HandbookTooLongError(ValueError):
    """The handbook has more tokens than a prompt should carry."""


def measure_handbook(client: Anthropic, handbook: str, longest: int = LONGEST_HANDBOOK) -> int:
    """Tokens of the rules with the handbook. Raises HandbookTooLongError. Counting is free: ask before you pay."""
    counted = client.messages.count_tokens(
        model=MODEL, system=_system(handbook), messages=[{"role": "user", "content": "-"}]
    )
    if counted.input_tokens > longest:
        problem = f"the handbook has {counted.input_tokens:,} tokens, {longest:,} are allowed"
        raise HandbookTooLongError(problem)
    return counted.input_tokens


def warm_cache(client: Anthropic, handbook: str) -> None:
    """Write the handbook to the prompt cache, so that the first customer of the morning does not wait for it."""
    client.messages.create(
        model=MODEL, max_tokens=1, system=_system(handbook), messages=[{"role": "user", "content": "-"}]
    )


def draft_reply(client: Anthropic, handbook: str, ticket: Ticket, show: Callable[[str], object]) -> str:
    """Draft a reply; `show` gets its text piece by piece, as it arrives."""
    with client.messages.stream(
        model=MODEL,
        max_tokens=600,
        system=_system(handbook, ticket.customer),
        messages=[{"role": "user", "content": ticket.as_prompt()}],
    ) as stream:
        for piece in stream.text_stream:
            show(piece)
        message = stream.get_final_message()
    text = "".join(block.text for block in message.content if block.type == "text")
    return text if _passes_check(client, ticket, text) else f"(Please look at this draft again.)\n\n{text}"


def _passes_check(client: Anthropic, ticket: Ticket, draft: str) -> bool:
    message = client.messages.create(
        model=MODEL,
        max_tokens=5,
        system=CHECK,
        messages=[{"role": "user", "content": f"{ticket.as_prompt()}\n\nDraft:\n\n{draft}"}],
    )
    return any(block.type == "text" and block.text.lower().startswith("yes") for block in message.content)


def _system(handbook: str, customer: str = "the customer") -> list[TextBlockParam]:
    return [
        {"type": "text", "text": RULES.format(customer=customer)},
        {"type": "text", "text": handbook, "cache_control": {"type": "ephemeral"}},
    ]
