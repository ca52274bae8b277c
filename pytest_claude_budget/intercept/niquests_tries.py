"""Tries of urllib3-future's asynchronous pools: as `urllib3_tries`, without a file that is touched on the event loop."""

from typing import Any

from pytest_claude_budget.intercept.in_process_gateway import AROUND, leave
from pytest_claude_budget.intercept.niquests_answers import PROMISED, is_promise, take_low_async
from pytest_claude_budget.intercept.plain_http import Got
from pytest_claude_budget.intercept.seam import Seam
from pytest_claude_budget.intercept.urllib3_hooks import TRY, Wanted
from pytest_claude_budget.intercept.urllib3_tries import Call, Try, begin, cause_of, got, history_of


async def opened(seam: Seam, before: Try | None, wanted: Wanted | None, how: Call) -> Any:
    """Call the real `urlopen`, and tell what becomes of it. Raises what that raises."""
    call, pool, args, kwargs = how
    if before is not None and before.pool is pool:
        await _failed_before(seam, before, args, kwargs)
    trying = None if wanted is None else begin(seam, pool, wanted)
    if trying is None:
        return await _apart(before, how)
    token, around = TRY.set(trying), AROUND.set(trying.inside)
    try:
        trying.ask()
        response = await call(pool, *args, **kwargs)
    except BaseException as error:
        if (seen := trying.take()) is not None:
            await _failed(seam, seen, error)
        raise
    finally:
        leave(around)
        TRY.reset(token)
    if (seen := trying.take()) is not None:
        try:
            await _answered(seam, seen, response)
        except Exception as error:
            seam.watchers().fault("answer", error)
    return response


async def _apart(before: Try | None, how: Call) -> Any:
    """What is not watched is no part of a try that is."""
    call, pool, args, kwargs = how
    if before is None:
        return await call(pool, *args, **kwargs)
    token = TRY.set(None)
    try:
        return await call(pool, *args, **kwargs)
    finally:
        TRY.reset(token)


async def _answered(seam: Seam, seen: Any, response: Any) -> None:
    if is_promise(response):
        seam.watchers().missed(PROMISED)
        return
    answer = got(response)
    if await seen.answered_async(answer) is not None and not answer.is_here:
        take_low_async(response._fp, seen)


async def _failed_before(seam: Seam, before: Try, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    last = history_of(args, kwargs)
    seen = before.take() if last is not None else None
    if last is not None and seen is not None:
        await _failed(seam, seen, last.error if last.error is not None else last.status)


async def _failed(seam: Seam, seen: Any, what: BaseException | int) -> None:
    """A try brought an error or a status that is refused."""
    try:
        cause = cause_of(what) if isinstance(what, BaseException) else what
        if isinstance(cause, BaseException):
            seen.raised(cause, asynchronous=True)
        elif await seen.answered_async(Got(cause, ())) is not None:
            seen.dropped()
    except Exception as fault:
        seam.watchers().fault("error", fault)
