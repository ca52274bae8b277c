"""The fingerprint of a request: which of its parts are the same as in another one, without a word of them.

For each part a short keyed hash and a length. They are made of canonical JSON (sorted keys, no spaces), so that the
order and the spacing of another version of the SDK change nothing.
"""

import json
import re

from pytest_claude_budget.wire.canonical import bytes_of, has_ids, hashed, hashed_question, part
from pytest_claude_budget.wire.rarer import rarer
from pytest_claude_budget.wire.request_facts import OPEN_TEXT
from pytest_claude_budget.wire.request_parts import Rest, all_facts, rest_of, text_of

LARGEST_CANONICAL = 1_000_000
"""Characters of messages, or of a request that is not laid out as the SDK does, above which the text is hashed as it
was sent: bringing images and documents into canonical form would take longer than it tells."""
LARGEST_PARSED = 8_000_000
"""Bytes of a request above which it is hashed as one piece."""
MOST_REMEMBERED = 64
"""Ends of requests (all but the messages) whose hashes are kept."""

_CONTROL = "cache_control"
_START = re.compile(rb'\{"max_tokens":([0-9]{1,12}),"messages":(\[\{"role":"user","content":")?').match
"""How the SDK lays a request out: what differs from call to call comes first. The second group begins one plain question, as
most requests of tests have: its canonical form needs no parser."""
_START_ANYWHERE = re.compile(rb'(\{"max_tokens":)?"messages" ?: ?(\[\{"role": ?"user", ?"content": ?")?').match
"""The same of any layout, where the messages begin: the first group is not there."""
_NAME = b'"messages"'
_NO_MESSAGES = _NAME + b":0"
"""Stands for the messages, where the rest of a request is read."""
_QUESTION_END = b'"}]'
_LIMIT_FIRST = b'{"max_tokens":0,'
"""What stands before the messages in the SDK's layout, whatever the limit is."""
_TELLING = re.compile(rb'"model"\s*:\s*"[^"]{0,300}?(?:anthropic\.|arn:|-fast|/locations/)').search
"""A spelling that says where or how the model runs, which the answer's own plain id may leave out."""
_decode = json.JSONDecoder().raw_decode
Around = tuple[str, str, bool, str | None]
"""What stands before the messages' hash in a fingerprint and after it, whether the request asks for more, and its facts."""
Told = tuple[str | None, str | None]
"""A fingerprint, and the facts of `request_facts.py`."""


class Fingerprints:
    """Makes fingerprints. Remembers hashes of what does not change from call to call, and no text."""

    def __init__(self) -> None:
        self._rests: dict[int, Rest] = {}
        self._around: dict[int, Around] = {}
        """What goes with all of a request but its one question, by a hash of that."""
        self._at = 0
        """Where the last such question began: the next one most often does, too, and nobody need look for it."""

    def of_messages(self, body: bytes | None, betas: str = "") -> tuple[str | None, bool, str | None]:
        """Tell of a request for one message, whether it `asks_for_more`, and its facts; `betas` is its header. Never raises.

        The text is None where the body is no JSON object; else it is JSON: `system`, `tools`, `messages`, `opening` (the
        messages before the first of the assistant, where there is one), `follows` (those before its last, where there
        are several) and `parameters` as `hash:length`, the length in bytes of canonical JSON; `max_tokens`; `cache`,
        the breakpoints as place and lifetime, with a hash of each one's `prefix`. Marks of caching are in no other
        hash, and ids that the API gave out are in none.
        """
        if body is None:
            return None, False, None
        at = self._at  # once: other threads ask, too
        end = body.find(b'"', at)
        if body.startswith(_QUESTION_END, end) and len(body) <= LARGEST_CANONICAL and _is_plain(body, at, end):
            known = self._around.get(hash((body[:at], body[end + len(_QUESTION_END) :], betas)))
            if known is not None:
                before, behind, more, facts_text = known
                return f"{before}{hashed_question(body[at:end])}{behind}", more, facts_text
        try:
            start = _START(body)
            if start is None and (at := body.find(_NAME)) > 0 and not body.startswith(b"\\", at - 1):
                start = _START_ANYWHERE(body, at)  # where something by the name of messages begins first
            if start is not None and start[2] is not None and len(body) <= LARGEST_CANONICAL:
                at = start.end()
                end = body.find(b'"', at)
                if body.startswith(_QUESTION_END, end) and _is_plain(body, at, end):
                    after = body[end + len(_QUESTION_END) :]
                    rest = self._rest(body, start, after, betas)
                    if rest is not None and rest.around is not None:
                        around = _around(rest, start[1])
                        if len(self._around) >= MOST_REMEMBERED:
                            self._around.clear()
                        self._around[hash((body[:at], after, betas))] = around
                        self._at = at
                        text = f"{around[0]}{hashed_question(body[at:end])}{around[1]}"
                        return text, rest.asks_for_more, rest.facts_text
            print_, facts = self._of_parsed(body, betas, start)
            return print_, asks_for_more(body), facts
        except Exception:  # also RecursionError: whatever the request holds is not ours to complain of
            return None, asks_for_more(body), None

    def of_converse(self, body: bytes | None) -> str | None:
        """Tell of a request of Bedrock's Converse, as `of_messages` does. Never raises."""
        if body is None:
            return None
        try:
            if len(body) > LARGEST_CANONICAL:
                return f'{{"messages":"{hashed(body)}"}}'
            as_anthropics, without_ids = (rarer("converse_requests", name) for name in ("as_anthropics", "without_ids"))
            value = as_anthropics(json.loads(without_ids(body)))
            return text_of(value.get("messages"), rest_of(value, ""), marked=b'"cachePoint"' in body, sent=None)
        except Exception:  # as above
            return None

    def _of_parsed(self, body: bytes, betas: str, start: re.Match[bytes] | None) -> Told:
        if len(body) > LARGEST_PARSED:
            return f'{{"messages":"{hashed(body)}"}}', OPEN_TEXT
        text = body.decode()
        if start is None or (start[1] is None and len(text) > LARGEST_CANONICAL):
            return self._of_any(text, betas)
        at = len(body[: start.end() if start[2] is None else start.start(2)].decode())
        messages, end = _decode(text, at)
        rest = self._rest(body, start, bytes_of(text[end:]), betas)
        if rest is None:
            return self._of_any(text, betas)
        sent = text[at:end] if end - at > LARGEST_CANONICAL else None
        if (limit := start[1]) is not None:
            rest = rest._replace(limit=f'"max_tokens":{limit.decode()},')
        facts = OPEN_TEXT if sent is not None else all_facts(rest, messages)
        return text_of(messages, rest, marked=text.find('"cache_control"', at, end) >= 0, sent=sent), facts

    def _of_any(self, text: str, betas: str) -> Told:
        if len(text) > LARGEST_CANONICAL:
            return f'{{"messages":"{hashed(bytes_of(text))}"}}', OPEN_TEXT
        value = json.loads(text)
        if not isinstance(value, dict):
            return None, None
        rest, messages = rest_of(value, betas), value.get("messages")
        print_ = text_of(messages, rest, marked=_CONTROL in text, sent=None)
        return print_, all_facts(rest, messages)

    def _rest(self, body: bytes, start: re.Match[bytes], after: bytes, betas: str) -> Rest | None:
        """All but the messages, which end where `after` begins; None where those are not the request's own."""
        before = body[: start.start()] if start[1] is None else _LIMIT_FIRST
        known = hash((before, after, betas))
        rest = self._rests.get(known)
        if rest is None:
            text = before + _NO_MESSAGES + after
            value = json.loads(text)
            if value.get("messages") != 0 or (before == _LIMIT_FIRST and value["max_tokens"] != 0):
                return None  # others by that name, or a name that comes twice
            rest = rest_of(value, betas)._replace(asks_for_more=asks_for_more(text))
            if len(self._rests) >= MOST_REMEMBERED:
                self._rests.clear()
            self._rests[known] = rest
        return rest


def _is_plain(body: bytes, at: int, end: int) -> bool:
    """Is there a question that stands in JSON as it is, and has no id of the API, of which every one has a low line?"""
    return body.find(b"\\", at, end) < 0 and (body.find(b"_", at, end) < 0 or not has_ids(body, at, end))


def _around(rest: Rest, limit: bytes | None) -> Around:
    """As `Around`, of a request that is one question: without a quote, it names no model."""
    before, after = rest.around or ("", "")
    said = rest.limit if limit is None else f'"max_tokens":{limit.decode()},'
    return f'{before}{said}"messages":"', f'"{after}', rest.asks_for_more, rest.facts_text


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
