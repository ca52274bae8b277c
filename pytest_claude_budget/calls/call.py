"""What an answer from Claude says it used, who pays for it, and where it came from.

Names of counts are Anthropic's own: `input_tokens` excludes both kinds of cache tokens.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from enum import StrEnum
from operator import attrgetter

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.calls.failure import Failure
from pytest_claude_budget.calls.origin import Origin as Origin  # noqa: PLC0414  # a word of this module too


class Status(StrEnum):
    """What is known about an exchange."""

    MEASURED = "measured"
    """An answer with its whole usage."""
    AT_LEAST = "at_least"
    """An answer of which only a lower bound of the usage is known, such as a cut stream."""
    UNMEASURED = "unmeasured"
    """An answer whose usage is not known at all."""
    FAILED = "failed"
    """A try that ended without an answer. Never billed, always recorded."""
    FREE = "free"
    """An answer that Anthropic does not bill, such as a token count."""


@value_class(frozen=True, slots=True)
class Usage:
    """Counts of one answer, or sums of many. Tokens unless the name says requests.

    Made by keywords, but where each answer passes: there they would take three quarters of the time.
    """

    input_tokens: int = 0
    cache_creation_5m_input_tokens: int = 0
    cache_creation_1h_input_tokens: int = 0
    cache_read_input_tokens: int = 0
    output_tokens: int = 0
    web_search_requests: int = 0
    web_fetch_requests: int = 0
    """Billed at nothing; kept so that a server-tool loop can be recognised."""
    code_execution_requests: int = 0
    """Billed by the hour of the container, which no answer states: never priced here."""
    session_microhours: int = 0
    """Millionths of an hour for which a session of Managed Agents ran. In whole ones of 3.6 ms, so that its price is exact."""

    @property
    def prompt_tokens(self) -> int:
        """All tokens that were read, from cache or not."""
        return (
            self.input_tokens
            + self.cache_creation_5m_input_tokens
            + self.cache_creation_1h_input_tokens
            + self.cache_read_input_tokens
        )

    @property
    def total_tokens(self) -> int:
        """Prompt and output."""
        return self.prompt_tokens + self.output_tokens


SESSION, CLAUDE_CODE = "session", "claude_code"
OF_MANY = frozenset((SESSION, CLAUDE_CODE))
"""Endpoints whose answers are sums of many: of a session of Managed Agents, and of a turn of Claude Code."""

COUNTS = tuple(Usage.__slots__)
"""The names of the counts."""
counts_of: Callable[[Usage], tuple[int, ...]] = attrgetter(*COUNTS)
"""The counts of a usage, in the order of their names."""


def summed(usages: Sequence[Usage]) -> Usage:
    """The sum of counts."""
    if len(usages) == 1:
        return usages[0]
    columns = zip(*map(counts_of, usages), strict=True)
    return Usage(*map(sum, columns))


@value_class(frozen=True, kw_only=True, slots=True)
class Iteration:
    """One entry of `usage.iterations`."""

    kind: str
    """`message`, `compaction`, `advisor_message`, `fallback_message`, or a type not known here."""
    model: str | None
    usage: Usage


@value_class(frozen=True, slots=True)
class Answer:
    """What one exchange says, before it is known who pays for it. As for keywords, see `Usage`."""

    status: Status
    endpoint: str
    """`messages`, `batch_result`, `batch_create`, `count_tokens`, `complete` or the name of another route; `unseen` where only a connection or a program was seen."""
    model: str | None = None
    """The id as the answer spells it, else as the request did."""
    requested_model: str | None = None
    usage: Usage = Usage()
    iterations: tuple[Iteration, ...] = ()
    batch: bool = False
    """Priced at the batch discount."""
    speed: str | None = None
    """`usage.speed`: what was billed, not what was asked for."""
    inference_geo: str | None = None
    service_tier: str | None = None
    regional: bool = False
    """Answered by a regional Bedrock or Vertex endpoint, as far as the URL tells."""
    batch_id: str | None = None
    item_id: str | None = None
    """A short hash of the `custom_id` within the batch."""
    http_status: int | None = None
    reason: str | None = None
    """Why the status is not `measured`, for a person."""
    notes: tuple[str, ...] = ()
    """What was assumed, for a person."""
    stated_cost: Decimal | None = None
    """US dollars that a gateway says it charges for it; in no sum of ours, and None where none says so."""
    request: str | None = None
    """Fingerprints and lengths of the parts of what was asked, without a word of it; None where it could not be read."""
    stop_reason: str | None = None
    """Why the model stopped, one of `wire/stop_reasons.py`; None where it did not say."""
    facts: str | None = None
    """What else the request says (`wire/request_facts.py`), as hashes and lengths; None where that is nothing."""
    called: str | None = None
    """Hashes of the names of the user's tools that the answer calls, by commas; empty for none, None where that is not known."""
    failure: Failure | None = None
    """Of a try that brought no answer: what kind of failure it was."""
    rate_limits: str | None = None
    """What the account may take a minute (`record/rate_limits.py`), of the first live answer of a model."""


@value_class(frozen=True, kw_only=True, slots=True)
class Owner:
    """Who pays: a test, a wide-scoped fixture, or nobody's test."""

    id: str
    """Node id or fixture id."""
    kind: str
    """`test`, `fixture` or `outside`."""
    phase: str = ""
    """`setup`, `call` or `teardown`; empty outside of tests."""


OUTSIDE = Owner(id="outside tests", kind="outside")


@value_class(frozen=True, kw_only=True, slots=True)
class Labels:
    """What the user's product calls the call."""

    feature: str | None = None
    tier: str | None = None
    case: str | None = None


@value_class(frozen=True, slots=True)
class Call:
    """One exchange with all that the ledger holds of it: counts, ids and lengths, never text. As for keywords, see `Usage`."""

    id: int
    at: float
    """Seconds since 1970, UTC."""
    answer: Answer
    owner: Owner
    labels: Labels
    origin: Origin
    retry: int = 0
    """How many tries of the SDK came before this one."""
    process: str = ""
    """The xdist worker or process that made it."""
    count: int = 1
    """How many exchanges this stands for, all alike but for their counts, of which `answer.usage` is the sum."""
    site: str | None = None
    """Where in the user's code it was sent: a line `file:line function` for each of the user's own frames, the innermost first."""
