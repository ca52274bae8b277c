"""Hooks `_make_api_call` of botocore's clients, and of aiobotocore's, for answers of doubles: Stubber's, and those of `before-send` handlers.

What goes over a network is seen further down, by urllib3 or aiohttp, try by try and byte by byte: botocore's own values lose the
fields that its model does not know. Only what none has seen there is read from the values.
"""

import functools
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pytest_claude_budget.intercept.call_arguments import argument
from pytest_claude_budget.intercept.patches import callable_of
from pytest_claude_budget.intercept.seam import Run, Seam, watch_method

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.api_calls import ApiCall

_VERBS = {
    "InvokeModel": "invoke",
    "InvokeModelWithResponseStream": "invoke-with-response-stream",
    "Converse": "converse",
    "ConverseStream": "converse-stream",
}
"""Operations of `bedrock-runtime` that a model answers, and how their paths end."""
_LATE = "pytest_claude_budget.intercept.api_calls"
"""What is loaded for the first of them."""


def hook_module(module: ModuleType, run: Run) -> Seam:
    """Let a run watch all clients of `botocore.client` or of `aiobotocore.client`, also those that exist already."""
    asynchronous = module.__name__.startswith("aiobotocore.")
    clients: Any = module.AioBaseClient if asynchronous else module.BaseClient
    return watch_method(clients, "_make_api_call", _async_hook if asynchronous else _hook, run)


def _hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    def make_api_call(client: Any, *args: Any, **kwargs: Any) -> Any:
        asking = _begin(seam, client, args, kwargs) if seam.runs else None
        if asking is None:
            return call(client, *args, **kwargs)
        try:
            parsed = call(client, *args, **kwargs)
        except BaseException as error:
            asking.failed(error)
            raise
        asking.answered(parsed)
        return parsed

    return make_api_call


def _async_hook(seam: Seam, original: Any) -> Any:
    call = callable_of(original)

    @functools.wraps(original)
    async def make_api_call(client: Any, *args: Any, **kwargs: Any) -> Any:
        if seam.runs and _LATE not in sys.modules and argument(args, kwargs, 0, "operation_name") in _VERBS:
            import asyncio

            # no file is touched on the event loop
            await asyncio.get_running_loop().run_in_executor(None, seam.load, _LATE)
        asking = _begin(seam, client, args, kwargs) if seam.runs else None
        if asking is None:
            return await call(client, *args, **kwargs)
        try:
            parsed = await call(client, *args, **kwargs)
        except BaseException as error:
            await asking.failed_async(error)
            raise
        await asking.answered_async(parsed)
        return parsed

    return make_api_call


def _begin(seam: Seam, client: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> "ApiCall | None":
    """Begin to look on; None where no model is asked."""
    operation = argument(args, kwargs, 0, "operation_name")
    try:
        verb = _VERBS.get(operation)
        if verb is None or client.meta.service_model.service_name != "bedrock-runtime":
            return None
        if seam.late is None:
            from pytest_claude_budget.intercept.api_calls import ApiCall

            seam.late = ApiCall
        return seam.late(seam.watchers(), client, verb, argument(args, kwargs, 1, "api_params"))  # type: ignore[no-any-return]  # as it says
    except Exception as error:
        seam.watchers().fault("request", error)
        return None
