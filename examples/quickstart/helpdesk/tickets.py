"""A message from a customer."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Ticket:
    number: int
    customer: str
    text: str

    def as_prompt(self) -> str:
        return f"Ticket {self.number} from {self.customer}:\n\n{self.text}"
