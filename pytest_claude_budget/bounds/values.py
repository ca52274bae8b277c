"""What comes into a bound and goes out of it, as values."""

from decimal import Decimal
from typing import TYPE_CHECKING

from pytest_claude_budget.base.values import value_class

if TYPE_CHECKING:  # every run with a budget file loads this, and most bound nothing
    from pytest_claude_budget.pricing.in_force import Factors
    from pytest_claude_budget.wire.routes import Route


@value_class(frozen=True, kw_only=True, slots=True)
class Request:
    """What is about to be sent."""

    route: "Route"
    """What `wire.routes.route` says of it."""
    body: bytes | None
    """None where it cannot be read before it is sent."""
    betas: str = ""
    """The header `anthropic-beta`."""


@value_class(frozen=True, kw_only=True, slots=True)
class Assumptions:
    """What a user says in the place of what nobody can know before. An answer that does not keep to them passes the bound."""

    output_tokens: int | None = None
    """Of an answer, where its request allows more."""
    input_tokens: int | None = None
    """All that is read besides what the request holds: PDFs, files by URL or id, and what server tools read in all their rounds."""
    web_searches: int | None = None
    """Of a request that does not limit them."""


@value_class(frozen=True, kw_only=True, slots=True)
class Line:
    """One term of the sum that a bound is."""

    label: str
    count: int
    """Tokens or searches."""
    rate: Decimal
    """US dollars for `per` of them, as listed."""
    per: int
    factors: "Factors"
    amount: Decimal
    """US dollars: count * rate / per * every factor."""
    why: str
    """Where the count comes from, for a person."""


@value_class(frozen=True, kw_only=True, slots=True)
class Bound:
    """The most that a request can cost."""

    amount: Decimal
    """US dollars at list price, exact; the sum of the lines."""
    model: str | None = None
    """As the rate table calls it; None where nothing is billed, and where a batch has several."""
    lines: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    """What is not in it, for a person."""
    assumed: tuple[str, ...] = ()
    """What of the user's assumptions it rests on: an answer that does not keep to them costs more than the bound."""


@value_class(frozen=True, kw_only=True, slots=True)
class Unbounded:
    """Why there is no bound, and the way out; for a person."""

    reason: str
    """A sentence without a full stop."""
    hint: str
    """What to do next."""
    evident: bool = True
    """Does the request itself show that it is Claude's? Else it may be another maker's, and only the answer tells."""
