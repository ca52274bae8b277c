"""Feature "triage": which queue does a ticket belong to, and how soon must someone look at it?

A small model is enough here. A forced tool call makes it answer in a fixed form.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypedDict, cast, get_args

from anthropic import Anthropic, AsyncAnthropic
from anthropic.types import Message, MessageParam, TextBlockParam, ToolChoiceToolParam, ToolParam

from helpdesk.tickets import Ticket

MODEL = "claude-haiku-4-5"

Queue = Literal["orders", "returns", "workshop", "advice"]
Urgency = Literal["low", "normal", "high"]


@dataclass(frozen=True, kw_only=True)
class Triage:
    queue: Queue
    urgency: Urgency
    summary: str


RULES = """\
You sort the post of Ridgeway Outfitters, a mail-order shop of hiking gear. Read one ticket and record its triage.

Queues: orders (payment, delivery, changes of an order), returns (sending back, exchange, refund), workshop (faults,
warranty, repair), advice (care, sizes, choice of gear).
Urgency: high if a trip begins within three weeks, someone is in danger or money is missing; low for questions without a
date; normal otherwise.
The summary is one English sentence of at most 20 words, without the customer's name."""

TOOL: ToolParam = {
    "name": "record_triage",
    "description": "Record where the ticket goes and how urgent it is.",
    "input_schema": {
        "type": "object",
        "properties": {
            "queue": {"type": "string", "enum": list(get_args(Queue))},
            "urgency": {"type": "string", "enum": list(get_args(Urgency))},
            "summary": {"type": "string", "description": "One sentence of at most 20 words."},
        },
        "required": ["queue", "urgency", "summary"],
    },
}


class _Question(TypedDict):
    model: str
    max_tokens: int
    system: list[TextBlockParam]
    tools: list[ToolParam]
    tool_choice: ToolChoiceToolParam
    messages: list[MessageParam]


def triage(client: Anthropic, ticket: Ticket) -> Triage:
    return _answer(client.messages.create(**_question(ticket)))


async def triage_queue(client: AsyncAnthropic, tickets: Sequence[Ticket]) -> list[Triage]:
    """Triage all tickets at the same time; the results are in the order of the tickets."""
    messages = await asyncio.gather(*(client.messages.create(**_question(ticket)) for ticket in tickets))
    return [_answer(message) for message in messages]


def _question(ticket: Ticket) -> _Question:
    return {
        "model": MODEL,
        "max_tokens": 300,
        "system": [{"type": "text", "text": RULES}],
        "tools": [TOOL],
        "tool_choice": {"type": "tool", "name": TOOL["name"]},
        "messages": [{"role": "user", "content": ticket.as_prompt()}],
    }


def _answer(message: Message) -> Triage:
    """Raises ValueError where Claude did not keep to the form, for example because max_tokens cut it short."""
    for block in message.content:
        if block.type == "tool_use" and isinstance(block.input, dict):
            fields = cast("dict[str, str]", block.input)
            queue, urgency = fields.get("queue"), fields.get("urgency")
            if queue in get_args(Queue) and urgency in get_args(Urgency) and "summary" in fields:
                summary = fields["summary"]
                return Triage(queue=cast("Queue", queue), urgency=cast("Urgency", urgency), summary=summary)
    problem = f"no usable triage in {message.id} (stopped by {message.stop_reason})"
    raise ValueError(problem)
