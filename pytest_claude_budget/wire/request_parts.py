"""The parts of a request that is read: their hashes, its cache breakpoints, and how they are put together."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pytest_claude_budget.wire.canonical import Chain, bytes_of, canonical, encode, hashed, part
from pytest_claude_budget.wire.request_facts import NO_FACTS, Facts, facts_of_messages, facts_of_rest, facts_text

MOST_BREAKPOINTS = 16
MOST_SYSTEM_BLOCKS = 8

_APART = frozenset(("model", "stream", "metadata", "max_tokens", "diagnostics", "messages", "system", "tools"))
"""What `parameters` leaves out: parts of their own, and what changes neither cost nor answer."""
_CONTROL = "cache_control"


class Breakpoint(NamedTuple):
    """An end of what is to be cached."""

    place: str
    lifetime: str
    prefix: str
    """Hash of all that comes before it in the prompt, in the order of tools, system and messages."""


class Rest(NamedTuple):
    """All of a request but its messages, as hashes."""

    parameters: str
    """Parts of the fingerprint's text, in its order."""
    system: str
    system_blocks: str
    tools: str
    limit: str
    """The same of `max_tokens`."""
    breakpoints: tuple[Breakpoint, ...]
    chain: bytes
    """Hash of tools and system, to go on from."""
    automatic: str | None
    """Lifetime of a breakpoint that the server places at the end."""
    around: tuple[str, str] | None
    """What stands before `max_tokens` and after the messages, where there is no breakpoint in those."""
    asks_for_more: bool = False
    """As the function says, of these bytes."""
    facts: Facts = NO_FACTS
    facts_text: str | None = None
    """The same as text, for a request whose messages add nothing."""


def text_of(messages: object, rest: Rest, *, marked: bool, sent: str | None) -> str:
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
    return f'{before}{follows}{rest.limit}"messages":"{whole}"{opening}{after}'


def _around(rest: Rest, breakpoints: Sequence[Breakpoint]) -> tuple[str, str]:
    """What stands before the limit and after the messages."""
    if not breakpoints:
        return "{", f"{rest.parameters}{rest.system}{rest.tools}}}"
    listed = breakpoints[:MOST_BREAKPOINTS]
    cache = encode([[each.place, each.lifetime] for each in listed])
    prefix = encode([each.prefix for each in listed])
    after = f'{rest.parameters},"prefix":{prefix}{rest.system}{rest.system_blocks}{rest.tools}}}'
    return f'{{"cache":{cache},', after


def rest_of(value: Mapping[str, Any], betas: str) -> Rest:
    """Read all of a request but its messages; `betas` is its header."""
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
    limit = value.get("max_tokens")
    others = {name: each for name, each in value.items() if name not in _APART and name != _CONTROL}
    if betas:
        others["anthropic-beta"] = sorted({each.strip() for each in betas.split(",")})
    rest = Rest(
        parameters=f',"parameters":"{part(others)}"' if others else "",
        system=f',"system":"{part(_bare_content(system))}"' if system is not None else "",
        system_blocks=blocks,
        tools=f',"tools":"{part(_bare_content(tools))}"' if tools is not None else "",
        limit=f'"max_tokens":{limit},' if type(limit) is int and 0 <= limit < 10**12 else "",
        breakpoints=tuple(breakpoints[:MOST_BREAKPOINTS]),
        chain=chain.digest,
        automatic=next(iter(_lifetimes(value)), None),
        around=None,
        facts=(facts := facts_of_rest(value)),
        facts_text=facts_text(facts),
    )
    return rest if rest.automatic is not None else rest._replace(around=_around(rest, rest.breakpoints))


def all_facts(rest: Rest, messages: object) -> str | None:
    """The facts of a whole request."""
    more = facts_of_messages(messages)
    return facts_text({**rest.facts, **more}) if more else rest.facts_text


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
        {**message, "content": _bare_content(message["content"])}
        if isinstance(message, dict) and "content" in message
        else message
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
