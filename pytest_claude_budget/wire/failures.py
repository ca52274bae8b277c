"""Which kind of failure an error is: by the type that its body states, in the form of any server, else by its HTTP status.

Anthropic, Amazon Bedrock, Vertex, OpenAI-compatible servers and LiteLLM each name their errors in their own way. Where the type says no
more than that the request is refused, the message tells what is wrong with it; it is looked at here and kept nowhere.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pytest_claude_budget.calls.failure import Failure

ERROR_TYPE = "x-amzn-errortype"
"""The header in which AWS names an error: `ValidationException:http://…`."""
_LONGEST_MESSAGE = 4_000
"""Characters of a message that are looked at."""
_NAMES: Mapping[Failure, str] = {
    Failure.AUTHENTICATION: (
        "authenticationerror autherror permissionerror permissiondeniederror invalidapikey unauthenticated"
        " permissiondenied accessdeniedexception unauthorizedexception unrecognizedclientexception"
        " expiredtokenexception invalidsignatureexception incompletesignatureexception"
        " missingauthenticationtokenexception"
    ),
    Failure.BILLING: "billingerror insufficientquota insufficientcredits budgetexceeded budgetexceedederror",
    Failure.MODEL: "modelnotfound modelnotfounderror invalidmodel",
    Failure.CONTEXT_LENGTH: "contextlengthexceeded contextwindowexceedederror requesttoolarge requesttoolargeerror",
    Failure.RATE_LIMIT: (
        "ratelimiterror ratelimitexceeded throttlingexception throttlingerror toomanyrequestsexception"
        " resourceexhausted servicequotaexceededexception"
    ),
    Failure.OVERLOADED: (
        "overloadederror serviceunavailableexception serviceunavailableerror unavailable modelnotreadyexception"
    ),
    Failure.SERVER: (
        "apierror servererror internal internalerror internalservererror internalserverexception timeouterror timeout"
        " deadlineexceeded modeltimeoutexception modelerrorexception modelstreamerrorexception"
    ),
    Failure.MALFORMED: "invalidrequesterror badrequesterror validationexception invalidargument",
    Failure.OTHER: "notfounderror notfound resourcenotfoundexception",
}
_BY_NAME = {name: kind for kind, names in _NAMES.items() for name in names.split()}
_BY_STATUS = {
    **dict.fromkeys((400, 405, 411, 415, 422), Failure.MALFORMED),
    **dict.fromkeys((401, 403), Failure.AUTHENTICATION),
    402: Failure.BILLING,
    413: Failure.CONTEXT_LENGTH,
    429: Failure.RATE_LIMIT,
    **dict.fromkeys((503, 529), Failure.OVERLOADED),
    **dict.fromkeys((408, 500, 502, 504), Failure.SERVER),
}
_VAGUE = frozenset((Failure.MALFORMED, Failure.OTHER))
"""Kinds that say too little where anything else says more."""
_MESSAGES = (
    (Failure.BILLING, r"credit balance|insufficient (?:credit|fund|balance)|(?:usage|spend(?:ing)?) limit"),
    (
        Failure.CONTEXT_LENGTH,
        r"(?:prompt|input|request) (?:is )?too (?:long|large)|context (?:length|window|limit)|maximum context|too many (?:total )?(?:input )?tokens",
    ),
    (
        Failure.MODEL,
        r"^model: |not a valid model|model identifier is invalid|(?:invalid|unknown|unsupported) model|no endpoints found"
        r"|model\b.{0,200}\b(?:not found|(?:does|did) not exist|could not be found|is not (?:available|supported))"
        r"|(?:could not resolve|not found|no such).{0,60}\bmodel\b",
    ),
)
_LITELLM = r"litellm\.(\w{1,60}Error)\b"
_CONNECTION = r"OSError|Connect|Transport|Timeout|Network|Protocol|Proxy|SSL|ClientError|Curl|HTTPError"
"""Names of exceptions of the clients, or of those that they are made of."""


def failure_of(status: int, body: bytes | None = None, named: str = "") -> Failure:
    """Tell the kind by the status, the plain body where it is there, and the name that a header gives."""
    value: object = None
    if body:
        try:
            value = json.loads(body)
        except (ValueError, RecursionError):
            value = body[:_LONGEST_MESSAGE].decode("utf-8", "replace")
    return failure_in(value, status, named)


def failure_in(value: object, status: int = 0, named: str = "") -> Failure:
    """The same of a body that is read already, as it stands in a stream or in the results of a batch."""
    if isinstance(value, list) and value:  # as Vertex does on some routes
        value = value[0]
    outer: Mapping[str, Any] = value if isinstance(value, dict) else {"message": value}
    error = outer.get("error")
    while isinstance(error, dict) and isinstance(error.get("error"), dict):
        error = error["error"]
    inner: Mapping[str, Any] = error if isinstance(error, dict) else {"message": error}
    message = next((text for text in (inner.get("message"), outer.get("message")) if isinstance(text, str)), "")
    message = message[:_LONGEST_MESSAGE]
    kinds = [_BY_NAME[name] for name in _names(inner, outer, message, named) if name in _BY_NAME]
    kinds.append(_by_status(_status(inner, status)))
    for kind in kinds:
        if kind not in _VAGUE:
            return kind
    for kind, pattern in _MESSAGES:
        if re.search(pattern, message, re.IGNORECASE | re.DOTALL):
            return kind
    return kinds[0]


def failure_of_error(error: BaseException) -> Failure:
    """The kind of a try that ended in an exception of its client, before anything had answered."""
    if not isinstance(error, Exception):  # cancelled, interrupted
        return Failure.OTHER
    names = (cls.__name__ for cls in type(error).__mro__)
    return Failure.CONNECTION if any(re.search(_CONNECTION, name) for name in names) else Failure.OTHER


def _names(inner: Mapping[str, Any], outer: Mapping[str, Any], message: str, named: str) -> Iterator[str]:
    """Names of the error, the most telling first: `code` is a narrower one than `type`, where there are both."""
    within = re.search(_LITELLM, message)
    fields = [inner.get("code"), inner.get("type"), inner.get("status"), outer.get("__type"), outer.get("code")]
    for text in (within[1] if within is not None else None, *fields, named.partition(":")[0]):
        if isinstance(text, str):
            yield re.sub(r"[^a-z]", "", text.rpartition("#")[2][:100].lower())


def _status(inner: Mapping[str, Any], status: int) -> int:
    """In a stream, whose own status is 200, a gateway writes the status of the error beside it."""
    code = inner.get("code")
    if not 200 <= status < 300 and status:
        return status
    return int(code) if isinstance(code, int) or (isinstance(code, str) and code.isdecimal() and len(code) == 3) else 0


def _by_status(status: int) -> Failure:
    return _BY_STATUS.get(status) or (Failure.SERVER if 500 <= status < 600 else Failure.OTHER)
