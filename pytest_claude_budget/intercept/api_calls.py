"""One call of a client of botocore's for Amazon Bedrock, told by its values where no bytes of it were seen."""

import base64
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_claude_budget.intercept.call_arguments import body_bytes
from pytest_claude_budget.intercept.in_process_gateway import AROUND, Inside, leave
from pytest_claude_budget.intercept.over_sockets import OverSockets
from pytest_claude_budget.intercept.plain_http import Asked, Got, url_of
from pytest_claude_budget.intercept.reached_network import look, reached_nothing
from pytest_claude_budget.intercept.urllib3_tries import in_memory

if TYPE_CHECKING:
    from pytest_claude_budget.intercept.exchange import Watch
    from pytest_claude_budget.intercept.runs_that_watch import Watchers

_UNUSED = "awscrt"
"""botocore loads it for signatures where it is installed, and never asks Bedrock by it."""
_MOST_TRIES = 100
"""Tries before the last that are told one by one."""


class EarlierTry(Exception):  # noqa: N818  # its name is told as what happened
    """A try of which botocore says only that it was one."""


class ApiCall:
    """From the moment before it is sent."""

    def __init__(self, watchers: "Watchers", client: Any, verb: str, params: Any) -> None:
        self._watchers, self._client, self._verb, self._params = watchers, client, verb, params
        self._inside = Inside()
        look(self._inside, _UNUSED)
        self._token = AROUND.set(self._inside)

    def answered(self, parsed: Any) -> None:
        """Take botocore's values."""
        for seen, got in self._told(parsed):
            if got is None:
                seen.raised(EarlierTry(), asynchronous=False)
            elif seen.answered(got) is not None:
                seen.dropped()  # a stream that somebody made up

    def failed(self, error: BaseException) -> None:
        """Take an error; one without an answer of the service was raised before anything was sent."""
        self.answered(getattr(error, "response", None))

    async def answered_async(self, parsed: Any) -> None:
        """As `answered`, without touching a file on the event loop."""
        for seen, got in self._told(parsed):
            if got is None:
                seen.raised(EarlierTry(), asynchronous=True)
            elif await seen.answered_async(got) is not None:
                seen.dropped()

    async def failed_async(self, error: BaseException) -> None:
        """As `failed`."""
        await self.answered_async(getattr(error, "response", None))

    def _told(self, parsed: Any) -> "Iterator[tuple[Watch, Got | None]]":
        """Each try, and what it brought: None for those before the last."""
        leave(self._token)
        try:
            if not self._inside.asked and isinstance(parsed, dict):
                metadata = parsed.get("ResponseMetadata") or {}
                carrier = OverSockets(self._client, simulated=reached_nothing(self._inside, _UNUSED))
                asked = self._asked()
                for got in (*[None] * min(metadata.get("RetryAttempts", 0), _MOST_TRIES), _got(parsed, metadata)):
                    if (seen := self._watchers.begin(carrier, asked)) is not None:
                        yield seen, got
        except Exception as error:
            self._watchers.fault("answer", error)
        finally:
            self._inside.close()

    def _asked(self) -> Asked:
        params = self._params
        if self._verb.startswith("invoke"):
            body = body_bytes(params.get("body"))
        else:
            body = _json({name: value for name, value in params.items() if name != "modelId"})
        path = f"{self._client.meta.endpoint_url}/model/{quote(str(params.get('modelId')), safe='')}/{self._verb}"
        return Asked("POST", url_of(path), (), body)


def _got(parsed: Mapping[str, Any], metadata: Mapping[str, Any]) -> Got:
    """The answer as it would have come: its bytes where somebody has them, else those that its values make."""
    status, headers = metadata.get("HTTPStatusCode", 200), metadata.get("HTTPHeaders") or {}
    held = parsed.get("body", parsed.get("stream"))
    if held is None:
        return Got(
            status, headers.items(), _json({name: parsed[name] for name in parsed if name != "ResponseMetadata"})
        )
    raw = held if isinstance(held, bytes) else in_memory(getattr(held, "_raw_stream", held))
    return Got(status, headers.items(), raw=raw)


def _json(value: object) -> bytes:
    return json.dumps(value, default=_plain).encode()


def _plain(value: object) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes | bytearray) else str(value)
