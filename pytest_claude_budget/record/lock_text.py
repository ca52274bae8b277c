"""Writes records as JSON: as lock files, which people review, and in reports. `schemas/lock.schema.json` is the form.

A report may have 100,000 groups: each is laid out in one go. `lock_format.py` reads it all back.
"""

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from json.encoder import encode_basestring_ascii as _quoted

from pytest_claude_budget.calls.call import Usage
from pytest_claude_budget.record.record import Group, OwnerRecord, Record, Sites, Terms, in_order

SCHEMA_VERSION = 1


def lock_text(record: Record) -> str:
    """The text of a lock file: sorted, an owner a line, the same bytes for the same record."""
    return "\n".join((*record_lines(record), ""))


def record_lines(record: Record) -> list[str]:
    """The lines of a lock file, without their ends."""
    owners = [f"  {_quoted(name)}: {_owner_text(owner)}," for name, owner in sorted(record.owners.items())]
    if owners:
        owners[-1] = owners[-1][:-1]
    as_of = f' "rates_as_of": {_quoted(record.rates_as_of.isoformat())},'
    own = [' "owners": {', *owners, " }"] if owners else [' "owners": {}']
    return ["{", f' "schema_version": {SCHEMA_VERSION},', as_of, *own, "}"]


def _owner_text(owner: OwnerRecord) -> str:
    said = '"benchmark": true, ' if owner.benchmark else ""
    return f'{{{said}"groups": {groups_text(owner.groups)}, "kind": "{owner.kind}"}}'


def groups_text(groups: Iterable[Group]) -> str:
    """Lay groups out in their fixed order, as a JSON array."""
    return f"[{', '.join([_group_text(group) for group in in_order(groups)])}]"


def _group_text(group: Group) -> str:
    """What a group says, by sorted keys, without what it does not say."""
    terms, calls, live, request, sites = group.terms, group.calls, group.live, group.request, group.sites
    said = "" if group.attempts == calls else f'"attempts": {group.attempts}, '
    if terms.batch:
        said += '"batch": true, '
    case = "" if group.case is None else f', "case": {_quoted(group.case)}'
    origin = "" if not calls else "live" if live == calls else "mixed" if live else "simulated"
    words = _words_text(terms, group.feature, group.on_top, origin, live if 0 < live < calls else 0)
    asked = f', "request": {_request_text(request)}' if request else ""
    rest = _sites_text(sites) if sites else ""
    if group.unknown or (group.samples, terms.tier, terms.speed, group.tier) != _UNSAID:
        rest = _rest_text(group, rest)
    return f'{{{said}"calls": {calls}{case}{words}{asked}{rest}, "usage": {{{_usage_text(group.usage)}}}}}'


_UNSAID = (None,) * 4


@lru_cache(maxsize=1024)
def _words_text(terms: Terms, feature: str | None, on_top: str, origin: str, live: int) -> str:
    """The keys from `f` to `re`, which many groups have in common; `live` is 0 where it is not told."""
    said = "" if feature is None else f', "feature": {_quoted(feature)}'
    if terms.geo is not None:
        said += f', "inference_geo": {_quoted(terms.geo)}'
    if live:
        said += f', "live": {live}'
    if terms.long_prompt:
        said += ', "long_prompt": true'
    said += f', "model": {_quoted(terms.model)}'
    if on_top:
        said += f', "on_top": {_quoted(on_top)}'
    if origin:
        said += f', "origin": "{origin}"'
    return f'{said}, "regional": true' if terms.regional else said


@lru_cache(maxsize=1024)
def _sites_text(sites: Sites) -> str:
    return f', "sites": {{{", ".join([f"{_quoted(site)}: {count}" for site, count in sites])}}}'


def _rest_text(group: Group, sites: str) -> str:
    """The keys from `s` to `un`, of which few groups have one but their sites."""
    terms, samples = group.terms, group.samples
    said = "" if samples is None else f', "samples": [{samples.count}, {samples.total}, {samples.squares}]'
    if terms.tier is not None:
        said += f', "service_tier": {_quoted(terms.tier)}'
    said += sites
    if terms.speed is not None:
        said += f', "speed": {_quoted(terms.speed)}'
    if samples is not None and samples.others:
        spreads = (f'"{name}": [{total}, {squares}]' for name, total, squares in samples.others)
        said += f', "spreads": {{{", ".join(spreads)}}}'
    if group.tier is not None:
        said += f', "tier": {_quoted(group.tier)}'
    return f'{said}, "unknown": {group.unknown}' if group.unknown else said


def _usage_text(usage: Usage) -> str:
    """The counts that are not zero, by their names: one by one, since a loop over the names takes three times as long."""
    fresh, read, output = usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens
    if (
        fresh
        and output
        and not (
            usage.cache_creation_5m_input_tokens
            or usage.cache_creation_1h_input_tokens
            or usage.web_search_requests
            or usage.web_fetch_requests
            or usage.code_execution_requests
            or usage.session_microhours
        )
    ):
        if read:
            return f'"cache_read_input_tokens": {read}, "input_tokens": {fresh}, "output_tokens": {output}'
        return f'"input_tokens": {fresh}, "output_tokens": {output}'
    said = ""
    if usage.cache_creation_1h_input_tokens:
        said += f', "cache_creation_1h_input_tokens": {usage.cache_creation_1h_input_tokens}'
    if usage.cache_creation_5m_input_tokens:
        said += f', "cache_creation_5m_input_tokens": {usage.cache_creation_5m_input_tokens}'
    if usage.cache_read_input_tokens:
        said += f', "cache_read_input_tokens": {usage.cache_read_input_tokens}'
    if usage.code_execution_requests:
        said += f', "code_execution_requests": {usage.code_execution_requests}'
    if usage.input_tokens:
        said += f', "input_tokens": {usage.input_tokens}'
    said += f', "output_tokens": {output}' if output else ""
    if usage.session_microhours:
        said += f', "session_microhours": {usage.session_microhours}'
    if usage.web_fetch_requests:
        said += f', "web_fetch_requests": {usage.web_fetch_requests}'
    if usage.web_search_requests:
        said += f', "web_search_requests": {usage.web_search_requests}'
    return said[2:]


_HASH, _NUMBER = r'"[0-9a-f]+:[0-9]+"', r"(?:0|[1-9][0-9]*)"
_is_plain = re.compile(
    rf'\{{(?:"follows":{_HASH},)?(?:"max_tokens":{_NUMBER},)?"messages":{_HASH}'
    rf'(?:,"opening":{_HASH})?(?:,"parameters":{_HASH})?(?:,"system":{_HASH})?(?:,"tools":{_HASH})?\}}'
).fullmatch
"""Sorted already, and without a colon or a comma that is no mark of JSON: as nearly all requests say it."""


@lru_cache(maxsize=256)
def _request_text(request: str) -> str:
    """As `json.dumps` with sorted keys, in a third of the time where it can be. Nearly every test asks something else."""
    if _is_plain(request):
        return request.replace('":', '": ').replace(",", ", ")
    return json.dumps(json.loads(request), sort_keys=True)
