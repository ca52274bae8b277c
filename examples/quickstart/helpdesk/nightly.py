"""Feature "nightly": what can the shop learn from the tickets of the day?

Nobody waits for the answer, so the tickets go to a large model as one message batch, at half the price.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from anthropic import Anthropic

from helpdesk.tickets import Ticket

MODEL = "claude-opus-4-7"

RULES = """\
You are the quality manager of Ridgeway Outfitters, a mail-order shop of hiking gear. Read one closed ticket and name the
one change to our products, texts or processes that would have made it unnecessary. Answer with the root cause, the change,
and who in the shop should make it, in three short sentences."""


@dataclass(frozen=True, kw_only=True)
class Lessons:
    by_ticket: dict[int, str]
    failed: dict[int, str]
    """What went wrong, for the tickets without a lesson."""


def submit(client: Anthropic, tickets: Sequence[Ticket]) -> str:
    """Start the job; returns the id of the batch."""
    batch = client.messages.batches.create(
        requests=[
            {
                "custom_id": f"ticket-{ticket.number}",
                "params": {
                    "model": MODEL,
                    "max_tokens": 400,
                    "system": RULES,
                    "messages": [{"role": "user", "content": ticket.as_prompt()}],
                },
            }
            for ticket in tickets
        ]
    )
    return batch.id


def collect(client: Anthropic, batch_id: str) -> Lessons | None:
    """The lessons of a finished batch; None while it is still running."""
    if client.messages.batches.retrieve(batch_id).processing_status != "ended":
        return None
    lessons: dict[int, str] = {}
    failed: dict[int, str] = {}
    for entry in client.messages.batches.results(batch_id):
        number = int(entry.custom_id.removeprefix("ticket-"))
        if entry.result.type == "succeeded":
            content = entry.result.message.content
            lessons[number] = "".join(block.text for block in content if block.type == "text")
        elif entry.result.type == "errored":
            failed[number] = entry.result.error.error.message
        else:
            failed[number] = entry.result.type
    return Lessons(by_ticket=lessons, failed=failed)
