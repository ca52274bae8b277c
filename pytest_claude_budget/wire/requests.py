"""The fingerprint of a request: which of its parts are the same as in another one, without a word of them.

For each part a short keyed hash and a length. They are made of canonical JSON (sorted keys, no spaces), so that the
order and the spacing of another version of the SDK change nothing.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pytest_claude_budget.wire.canonical import Chain, bytes_of, canonical, encode, has_ids, hashed, part
from pytest_claude_budget.wire.converse_requests import as_anthropics, without_ids

LARGEST_CANONICAL = 1_000_000
"""Characters of messages, or of a request that is not laid out as the SDK does, above which the text is hashed as it
was sent: bringing images and documents into canonical form would take longer than it tells."""
LARGEST_PARSED = 8_000_000
"""Bytes of a request above which it is hashed as one piece."""
MOST_BREAKPOINTS = 16
MOST_SYSTEM_BLOCKS = 8
MOST_REMEMBERED = 64
"""Ends of requests (all but the messages) whose hashes are kept."""

_APART = frozenset(("model", "stream", "metadata", "max_tokens", "diagnostics", "messages", "system", "tools"))
"""What `parameters` leaves out: parts of their own, and what changes neither cost nor answer."""
_CONTROL = "cache_control"
_START = re.compile(r'\{"max_tokens":([0-9]{1,12}),"messages":').match
"""How the SDK lays a request out: what differs from call to call comes first."""
_QUESTION = re.compile(rb'\{"max_tokens":([0-9]{1,12}),"messages":\[\{"role":"user","content":"').match
"""The same with one plain question, as most requests of tests are: its canonical form needs no parser."""
_QUESTION_END = b'"}]'
_TELLING = re.compile(rb'"model"\s*:\s*"[^"]{0,300}?(?:anthropic\.|arn:|-fast|/locations/)').search
"""A spelling that says where or how the model runs, which the answer's own plain id may leave out."""
_decode = json.JSONDecoder().raw_decode


class Breakpoint(NamedTuple):
    """An end of what is to be cached."""

    place: str
    lifetime: str
    prefix: str
    """Hash of all that comes before it in the prompt, in the order of tools, system and messages."""


class _Rest(NamedTuple):
    """All of a request but its messages, as hashes."""

    parameters: str
    """Parts of the fingerprint's text, in its order."""
    system: str
    system_blocks: str
    tools: str
    breakpoints: tuple[Breakpoint, ...]
    chain: bytes
    """Hash of tools and system, to go on from."""
    automatic: str | None
    """Lifetime of a breakpoint that the server places at the end."""
    around: tuple[str, str] | None
    """What stands before `max_tokens` and after the messages, where there is no breakpoint in those."""
    asks_for_more: bool = False
    """As the function says, of these bytes."""


class Fingerprints:
    """Makes fingerprints. Remembers hashes of what does not change from call to call, and no text."""

    def __init__(self) -> None:
        self._rests: dict[tuple[int, int, str], _Rest] = {}

    def of_messages(self, body: bytes | None, betas: str = "") -> tuple[str | None, bool]:
        """Tell of a request for one message, and whether it `asks_for_more`; `betas` is its header. Never raises.

        The text is None where the body is no JSON object; else it is JSON: `system`, `tools`, `messages`, `opening` (the
        messages before the first of the assistant, where there is one), `follows` (those before its last, where there
        are several) and `parameters` as `hash:length`, the length in bytes of canonical JSON; `max_tokens`; `cache`,
        the breakpoints as place and lifetime, with a hash of each one's `prefix`. Marks of caching are in no other
        hash, and ids that the API gave out are in none.
        """
        if body is None:
            return None, False
        try:
            begun = _QUESTION(body)
            if begun is not None and len(body) <= LARGEST_CANONICAL:
                at = begun.end()
                end = body.find(b'"', at)
                is_plain = body.startswith(_QUESTION_END, end) and body.find(b"\\", at, end) < 0
                if is_plain and (body.find(b"_", at, end) < 0 or not has_ids(body, at, end)):  # every id has one
                    rest = self._rest(body[end + len(_QUESTION_END) :], betas)
                    if rest is not None and rest.around is not None:
                        whole = b'[{"content":"%b","role":"user"}]' % body[at:end]
                        before, after = rest.around
                        messages = f'"max_tokens":{begun[1].decode()},"messages":"{hashed(whole)}"'
                        # a question without a quote names no model
                        return f"{before}{messages}{after}", rest.asks_for_more
            return self._of_parsed(body, betas), asks_for_more(body)
        except Exception:  # also RecursionError: whatever the request holds is not ours to complain of
            return None, asks_for_more(body)

    def of_converse(self, body: bytes | None) -> str | None:
        """Tell of a request of Bedrock's Converse, as `of_messages` does. Never raises."""
        if body is None:
            return None
        try:
            if len(body) > LARGEST_CANONICAL:
                return f'{{"messages":"{hashed(body)}"}}'
            value = as_anthropics(json.loads(without_ids(body)))
            return _text_of(value, "", marked=b'"cachePoint"' in body)
        except Exception:  # as above
            return None

    def _of_parsed(self, body: bytes, betas: str) -> str | None:
        if len(body) > LARGEST_PARSED:
            return f'{{"messages":"{hashed(body)}"}}'
        text = body.decode()
        start = _START(text)
        if start is None:
            return self._of_any(text, betas)
        at = start.end()
        messages, end = _decode(text, at)
        rest = self._rest(bytes_of(text[end:]), betas)
        if rest is None:
            return self._of_any(text, betas)
        sent = text[at:end] if end - at > LARGEST_CANONICAL else None
        return _text(start[1], messages, rest, marked=text.find('"cache_control"', at, end) >= 0, sent=sent)

    def _of_any(self, text: str, betas: str) -> str | None:
        if len(text) > LARGEST_CANONICAL:
            return f'{{"messages":"{hashed(bytes_of(text))}"}}'
        value = json.loads(text)
        if not isinstance(value, dict):
            return None
        return _text_of(value, betas, marked=_CONTROL in text)

    def _rest(self, text: bytes, betas: str) -> _Rest | None:
        """All but the messages, which end where this begins; None where the SDK did not lay it out."""
        known = (hash(text), len(text), betas)
        rest = self._rests.get(known)
        if rest is None:
            if not text.startswith((b',"', b"}")):
                return None
            value = json.loads(b"{" + text.removeprefix(b","))
            if "messages" in value or "max_tokens" in value:
                return None
            rest = _rest_of(value, betas)._replace(asks_for_more=asks_for_more(text))
            if len(self._rests) >= MOST_REMEMBERED:
                self._rests.clear()
            self._rests[known] = rest
        return rest


def asks_for_more(body: bytes | None) -> bool:
    """Tell whether a request's model may say more than the answer's. One look at the bytes, without decoding them."""
    return body is not None and _TELLING(body) is not None


def of_batch(body: bytes | None) -> str | None:
    """Tell of a request for a batch: one hash over all that it asks for. Never raises."""
    try:
        if body is None:
            return None
        if len(body) > LARGEST_CANONICAL:
            return f'{{"messages":"{hashed(body)}"}}'
        value = json.loads(body)
        return f'{{"messages":"{part(value["requests"])}"}}'
    except Exception:  # as above
        return None


def _text_of(value: Mapping[str, Any], betas: str, *, marked: bool) -> str:
    """The text of a request that is read as a whole."""
    limit = value.get("max_tokens")
    shown = str(limit) if type(limit) is int and 0 <= limit < 10**12 else None
    return _text(shown, value.get("messages"), _rest_of(value, betas), marked=marked, sent=None)


def _text(limit: str | None, messages: object, rest: _Rest, *, marked: bool, sent: str | None) -> str:
    """Put the parts together, in the order of their names."""
    breakpoints = list(rest.breakpoints)
    if marked or rest.automatic is not None:
        chain = Chain(rest.chain)
        breakpoints += _in_messages(messages, chain)
        if rest.automatic is not None:
            breakpoints.append(Breakpoint("automatic", rest.automatic, chain.shown()))
    if marked:
        messages = _bare_messages(messages)
    opening = follows = ""
    if sent is not None:
        whole = hashed(bytes_of(sent))
    else:
        whole, opening, follows = _conversation(messages)
    opening = opening and f',"opening":"{opening}"'
    follows = follows and f'"follows":"{follows}",'
    before, after = _around(rest, breakpoints)
    limited = f'"max_tokens":{limit},' if limit is not None else ""
    return f'{before}{follows}{limited}"messages":"{whole}"{opening}{after}'


def _around(rest: _Rest, breakpoints: Sequence[Breakpoint]) -> tuple[str, str]:
    """What stands before the limit and after the messages."""
    if not breakpoints:
        return "{", f"{rest.parameters}{rest.system}{rest.tools}}}"
    listed = breakpoints[:MOST_BREAKPOINTS]
    cache = encode([[each.place, each.lifetime] for each in listed])
    prefix = encode([each.prefix for each in listed])
    after = f'{rest.parameters},"prefix":{prefix}{rest.system}{rest.system_blocks}{rest.tools}}}'
    return f'{{"cache":{cache},', after


def _rest_of(value: Mapping[str, Any], betas: str) -> _Rest:
    tools, system = value.get("tools"), value.get("system")
    chain, breakpoints = Chain(b""), []
    for place, blocks_of in (("tools", tools), ("system[{}]", system)):
        for at, block in enumerate(
            blocks_of if isinstance(blocks_of, list) else [] if blocks_of is None else [blocks_of]
        ):
            chain.add(_bare(block))
            breakpoints += [Breakpoint(place.format(at), each, chain.shown()) for each in _lifetimes(block)]
    blocks = ""
    if isinstance(system, list) and len(system) > 1:
        shown = encode([part(_bare(block)) for block in system[:MOST_SYSTEM_BLOCKS]])
        blocks = f',"system_blocks":{shown}'
    others = {name: each for name, each in value.items() if name not in _APART and name != _CONTROL}
    if betas:
        others["anthropic-beta"] = sorted({each.strip() for each in betas.split(",")})
    rest = _Rest(
        parameters=f',"parameters":"{part(others)}"' if others else "",
        system=f',"system":"{part(_bare_content(system))}"' if system is not None else "",
        system_blocks=blocks,
        tools=f',"tools":"{part(_bare_content(tools))}"' if tools is not None else "",
        breakpoints=tuple(breakpoints[:MOST_BREAKPOINTS]),
        chain=chain.digest,
        automatic=next(iter(_lifetimes(value)), None),
        around=None,
    )
    return rest if rest.automatic is not None else rest._replace(around=_around(rest, rest.breakpoints))


def _in_messages(messages: object, chain: Chain) -> Iterator[Breakpoint]:
    for at, message in enumerate(messages if isinstance(messages, list) else ()):
        content = message.get("content") if isinstance(message, dict) else message
        chain.add(message.get("role") if isinstance(message, dict) else None)
        for block in content if isinstance(content, list) else [content]:
            chain.add(_bare(block))
            for lifetime in _lifetimes(block):
                yield Breakpoint(f"messages[{at}]", lifetime, chain.shown())


def _lifetimes(block: object) -> Iterator[str]:
    """The breakpoints of a block, and of those inside of a tool's result."""
    if not isinstance(block, dict):
        return
    control = block.get(_CONTROL)
    if isinstance(control, dict):
        said = control.get("ttl") or "5m"
        yield said if said in ("5m", "1h") else "other"
    if block.get("type") == "tool_result" and isinstance(block.get("content"), list):
        for inner in block["content"]:
            if isinstance(inner, dict) and isinstance(inner.get(_CONTROL), dict):
                yield from _lifetimes({_CONTROL: inner[_CONTROL]})


def _bare(block: object) -> object:
    """A block without the marks of caching."""
    if not isinstance(block, dict):
        return block
    inner = block.get("content")
    if block.get("type") == "tool_result" and isinstance(inner, list):
        block = {**block, "content": [_bare(each) for each in inner]}
    return {name: each for name, each in block.items() if name != _CONTROL} if _CONTROL in block else block


def _bare_content(content: object) -> object:
    return [_bare(block) for block in content] if isinstance(content, list) else content


def _bare_messages(messages: object) -> object:
    if not isinstance(messages, list):
        return messages
    return [
        {**message, "content": _bare_content(message.get("content"))} if isinstance(message, dict) else message
        for message in messages
    ]


def _conversation(messages: object) -> tuple[str, str, str]:
    """The messages, those before the first answer, and those before the last of several; empty where there is none."""
    answers = _answers(messages)
    if not isinstance(messages, list) or not answers:
        return part(messages), "", ""
    opening = part(messages[: answers[0]])
    if len(answers) == 1:
        return part(messages), opening, ""
    earlier, rest = (canonical(each) for each in (messages[: answers[-1]], messages[answers[-1] :]))
    return hashed(earlier[:-1] + b"," + rest[1:]), opening, hashed(earlier)  # each is encoded once


def _answers(messages: object) -> list[int]:
    """Where the messages of the assistant stand."""
    listed = enumerate(messages if isinstance(messages, list) else ())
    return [at for at, message in listed if isinstance(message, dict) and message.get("role") == "assistant"]
