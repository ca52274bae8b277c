"""One bill for a session of Managed Agents, however often, in which of two ways and by whomever it was read.

A session tells each request to a model as an event, and the sums of all since its beginning. Requests are counted once, by their
ids; of the sums, only what is in no request that was read: requests of other threads or pages, searches, running time. So nothing is
counted in both ways, and nothing in neither. Who asked pays: the newest to have sent something, or to have created the session.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from pytest_claude_budget.calls.call import SESSION, Answer, Call, Origin, Status, Usage, summed
from pytest_claude_budget.calls.session_rows import (
    BEGUN,
    CREATED,
    ENDPOINTS,
    REQUEST,
    RUNNING,
    SENT,
    SEVERAL,
    STATE,
    THREAD,
    has,
    microhours,
    named,
    thread_and_event,
)
from pytest_claude_budget.calls.usage_sums import beyond, greatest, least, plus, tokens_of, unsplit

UNREAD = "events were sent to a session and what it used was not read"
GOES_ON = "the session was still running when it was read last"
NO_TIME = "what a session ran for was not read: retrieve it once it is idle"
OTHER_AGENTS = "a part of a session is of other agents, whose threads were not read"
OLDER = "a session that is older than the run: what it had used before may be counted too"
IN_ONE = "the sums of a session, or of a part of it whose single requests were not read"
LIFETIMES = "a session tells only the sum of its cache writes for an hour: which of its models made them is assumed"
_NOTHING = Usage()


def settle_sessions(calls: Iterable[Call]) -> Iterator[Call]:
    """Pass on what is billed of sessions, and all other calls as they are."""
    sessions: dict[str, list[Call]] = {}
    for call in calls:
        answer = call.answer
        if answer.endpoint not in ENDPOINTS or answer.batch_id is None or answer.status is Status.UNMEASURED:
            yield call
        else:
            sessions.setdefault(answer.batch_id, []).append(call)
    for rows in sessions.values():
        for own in _by_creation(sorted(rows, key=_by_time)):
            yield from _Session(own).settled()


def _by_time(row: Call) -> tuple[float, int]:
    return (row.at, row.id)


def _newest(rows: Sequence[Call], moment: Call) -> Call:
    """The last of these before a moment, else the first of all."""
    return rows[max(0, bisect_right(rows, _by_time(moment), key=_by_time) - 1)]


def _by_creation(rows: Sequence[Call]) -> list[list[Call]]:
    """A real id is never given again; a double gives it to every creation, each of which is a session of its own."""
    creations = [row for row in rows if row.answer.endpoint == CREATED]
    if len(creations) < 2:
        return [list(rows)]
    found = {creation.id: [creation] for creation in creations}
    for row in rows:
        if row.answer.endpoint != CREATED:
            alike = [each for each in creations if each.owner.id == row.owner.id] or creations
            alike = [each for each in alike if each.process == row.process] or alike
            found[_newest(alike, row).id].append(row)
    return list(found.values())


class _Session:
    """All that a run saw of one session, in the order of time."""

    def __init__(self, rows: Sequence[Call]) -> None:
        def of(*endpoints: str) -> list[Call]:
            return [row for row in rows if row.answer.endpoint in endpoints]

        self.rows = rows
        self.payers = of(CREATED, SENT)
        self.asked = [row for row in self.payers if row.answer.endpoint == SENT or has(row, BEGUN)]
        self.states = of(CREATED, STATE)
        self.is_of_several = any(has(row, SEVERAL) for row in self.states)
        self.threads = {row.answer.item_id: row.answer for row in of(THREAD)}
        self.is_new = bool(of(CREATED))
        earlier = [] if self.is_new else self._earlier()
        self.is_known = self.is_new or bool(earlier)
        self.before = greatest(_sums(row.answer) for row in earlier)
        """What it had used before the run first asked something of it."""
        self.sums = beyond(greatest(_sums(row.answer) for row in self.states), self.before)
        self.requests = self._requests(of(REQUEST))
        self._counted: list[Call] = []
        """The same with what they are billed by."""

    def _earlier(self) -> list[Call]:
        first = _by_time(self.asked[0]) if self.asked else (0.0, 0)
        return [row for row in self.states if _by_time(row) < first]

    def _requests(self, seen: Sequence[Call]) -> list[Call]:
        """Each once, as it was seen first; none where they may be of before the run, and the sums tell what came since."""
        found: dict[str, Call] = {}
        for row in seen:
            found.setdefault(thread_and_event(row.answer)[1], row)
        requests = list(found.values())
        said, told = unsplit(_covered(requests)), unsplit(self.sums)
        return requests if self.is_new or not self.is_known or beyond(said, told) == _NOTHING else []

    def settled(self) -> list[Call]:
        """Each request once, and what the sums say on top of them. Nothing where the run only looked on."""
        if not self.asked:
            return []
        rows = self._counted = self._with_lifetimes([self._priced(row) for row in self.requests])
        for state, more in self._more(self._counted):
            rows = self._joined(rows, state, more)
        rows = self._with_gaps(rows, _covered(self._counted))
        if not self.is_known and rows:
            rows[0] = _noted(rows[0], OLDER)
        return self._with_stated(rows)

    def _priced(self, row: Call) -> Call:
        """A request by the model of its session or thread, paid by who asked."""
        thread, event = thread_and_event(row.answer)
        agent = self._agent(thread)
        answer = replace(
            row.answer,
            item_id=event,
            model=agent.model,
            speed=row.answer.speed or agent.speed,
            inference_geo=agent.inference_geo,
        )
        return _paid(row, _newest(self.payers, row), answer)

    def _agent(self, thread: str = "") -> Answer:
        """Where model, speed and geo stand: of a thread, or of the session itself."""
        if thread and (thread in self.threads or self.is_of_several):
            return self.threads.get(thread, _NOBODY)
        told = (row.answer for row in reversed(self.states) if row.answer.model is not None)
        return next(told, _NOBODY)

    def _with_lifetimes(self, rows: Sequence[Call]) -> list[Call]:
        """Requests tell only the sum of their cache writes; the session tells how many of all are for an hour."""
        left = self._hours()
        written = sum(row.answer.usage.cache_creation_5m_input_tokens for row in rows)
        models = {row.answer.model for row in rows if row.answer.usage.cache_creation_5m_input_tokens}
        is_told = written <= self.sums.cache_creation_1h_input_tokens + self.sums.cache_creation_5m_input_tokens
        notes = (LIFETIMES,) if left and len(models) > 1 else ()
        hours = dict.fromkeys((row.id for row in rows), 0)
        for own in (True, False):  # what a turn wrote is of that turn's requests, as far as these are read
            for row in rows:
                for payer in [_newest(self.payers, row).id] if own else list(left):
                    room = row.answer.usage.cache_creation_5m_input_tokens - hours[row.id]
                    hour = min(left.get(payer, 0), room)
                    hours[row.id] += hour
                    left[payer] = left.get(payer, 0) - hour
        found = []
        for row in rows:
            said = notes if is_told else (*row.answer.notes, *notes)
            found.append(replace(row, answer=replace(row.answer, usage=_for_an_hour(row, hours[row.id]), notes=said)))
        return found

    def _hours(self) -> dict[int, int]:
        """Cache writes for an hour, by who had asked when the sums had grown by them."""
        found: dict[int, int] = {}
        known = self.before.cache_creation_1h_input_tokens
        for state in self.states:
            more = state.answer.usage.cache_creation_1h_input_tokens - known
            if more > 0:
                payer = _newest(self.payers, state).id
                found[payer], known = found.get(payer, 0) + more, known + more
        return found

    def _more(self, rows: Sequence[Call]) -> Iterator[tuple[Call, Usage]]:
        """What each of the sums has that neither the requests nor the sums before had."""
        taken = _covered(rows)
        for state in self.states:
            more = beyond(beyond(_sums(state.answer), self.before), taken)
            if more != _NOTHING:
                taken = plus(taken, more)
                yield state, more

    def _joined(self, rows: list[Call], state: Call, more: Usage) -> list[Call]:
        """Put what is no token to the payer's last request, and the rest into rows of its own."""
        payer = _newest(self.payers, state)
        parts = list(self._parts(tokens_of(more)))
        beside = beyond(more, tokens_of(more))
        if beside != _NOTHING:
            at = next((at for at in reversed(range(len(rows))) if _takes(rows[at], payer)), None)
            if parts and parts[0].status is Status.MEASURED:
                parts[0] = replace(parts[0], usage=plus(parts[0].usage, beside))
            elif at is not None:
                answer = rows[at].answer
                joined = replace(rows[at], answer=replace(answer, usage=plus(answer.usage, beside)))
                rows = [*rows[:at], joined, *rows[at + 1 :]]
            else:
                parts.append(_billed(self._agent(), beside))
        return rows + [_paid(state, payer, part) for part in parts]

    def _parts(self, more: Usage) -> Iterator[Answer]:
        """Tokens that are in no request, by the models that they are of."""
        if not self.is_of_several:
            if more != _NOTHING:
                yield _billed(self._agent(), more)
            return
        read = {row.id: thread_and_event(row.answer)[0] for row in self.requests}
        for thread, told in self.threads.items():
            own = _covered(row for row in self._counted if read[row.id] == thread)
            part = least(beyond(tokens_of(told.usage), own), more)
            if part != _NOTHING and told.model is not None:
                more = beyond(more, part)
                yield _billed(told, part)
        if more != _NOTHING:
            yield replace(_billed(_NOBODY, _NOTHING), status=Status.UNMEASURED, reason=OTHER_AGENTS)

    def _with_gaps(self, rows: list[Call], covered: Usage) -> list[Call]:
        """Say what is not known: of the last row, or in one of its own."""
        asked, last = self.asked[-1], self.rows[-1]
        gaps = [row.answer.reason for row in self.states if row.answer.status is Status.AT_LEAST]
        if self.states and has(self.states[-1], RUNNING):
            gaps.append(GOES_ON)
        elif rows and beyond(covered, self.sums) != _NOTHING:
            gaps.append(NO_TIME)
        if (last is asked and asked.answer.endpoint == SENT) or not rows:
            return [*rows, _paid(asked, asked, _unread(self._agent().model, asked.origin))]
        if gaps and rows[-1].answer.status is not Status.UNMEASURED:
            answer = replace(rows[-1].answer, status=Status.AT_LEAST, reason=named(*dict.fromkeys(gaps)))
            rows[-1] = replace(rows[-1], answer=answer)
        return rows

    def _with_stated(self, rows: Sequence[Call]) -> list[Call]:
        """The platform's own figure stands beside the rows that it is of."""
        told = [row.answer.stated_cost for row in self.states if row.answer.stated_cost is not None]
        if not told or not self.is_new:
            return list(rows)
        costs = [Decimal(0)] * (len(rows) - 1) + [max(told)]
        pairs = zip(rows, costs, strict=False)
        return [replace(row, answer=replace(row.answer, stated_cost=cost)) for row, cost in pairs]


_NOBODY = Answer(status=Status.FREE, endpoint=THREAD)


def _sums(answer: Answer) -> Usage:
    return replace(answer.usage, session_microhours=microhours(answer))


def _for_an_hour(row: Call, tokens: int) -> Usage:
    usage = row.answer.usage
    return replace(
        usage,
        cache_creation_5m_input_tokens=usage.cache_creation_5m_input_tokens - tokens,
        cache_creation_1h_input_tokens=usage.cache_creation_1h_input_tokens + tokens,
    )


def _covered(rows: Iterable[Call]) -> Usage:
    return summed([_NOTHING, *(row.answer.usage for row in rows)])


def _takes(row: Call, payer: Call) -> bool:
    return row.answer.status is not Status.FAILED and row.owner == payer.owner and row.labels == payer.labels


def _billed(agent: Answer, usage: Usage) -> Answer:
    return Answer(
        status=Status.MEASURED,
        endpoint=SESSION,
        model=agent.model,
        speed=agent.speed,
        inference_geo=agent.inference_geo,
        usage=usage,
        notes=(IN_ONE,) if usage.total_tokens else (),
    )


def _unread(model: str | None, origin: Origin) -> Answer:
    """A real session will be billed, so its cost is unknown. One that was made up never comes to anything."""
    if origin is Origin.LIVE:
        return Answer(status=Status.UNMEASURED, endpoint=SESSION, model=model, reason=UNREAD)
    return Answer(status=Status.FREE, endpoint=SESSION, notes=(f"{UNREAD}: it is not in the cost",))


def _paid(row: Call, payer: Call, answer: Answer) -> Call:
    return replace(row, owner=payer.owner, labels=payer.labels, process=payer.process, site=payer.site, answer=answer)


def _noted(row: Call, note: str) -> Call:
    return replace(row, answer=replace(row.answer, notes=(*row.answer.notes, note)))
