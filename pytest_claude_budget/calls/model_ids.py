"""The many spellings of one model's id, brought to the one that a rate table knows.

First-party, Bedrock, Vertex, OpenRouter and LiteLLM each write ids in their own way. This says only what a spelling
means; whether there is such a model is for the rate table to say. Nothing is matched by resemblance.
"""

import re

from pytest_claude_budget.base.values import value_class

LONGEST = 512
"""Characters of the longest id that is looked at; AWS ends its ARNs long before."""

_GATEWAYS = frozenset(
    (
        *("anthropic", "openrouter", "litellm_proxy", "azure", "azure_ai", "vertex", "vertex_ai"),
        *("bedrock", "bedrock_converse", "converse", "invoke"),
    )
)
"""What may stand before an id, as the name of who passes it on at list price."""
_REGIONAL = frozenset(("us", "eu", "jp", "au", "apac", "in", "us-gov"))
_AWS_REGION = re.compile(r"[a-z]{2}(-[a-z]{2,12}){1,3}-[0-9]{1,2}")
_VERTEX_PATH = re.compile(r"(projects/[^/]+/locations/(?P<location>[^/]+)/)?publishers/anthropic/models/(?P<id>[^/]+)")
_BEDROCK_VERSION = re.compile(r"-v[0-9]{1,3}(:[0-9]{1,3}(:[0-9]{1,4}k)?)?$")
_VERTEX_VERSION = re.compile(r"(-v[0-9]{1,3})?@(?P<date>[0-9]{8})$")
_VERSION_FIRST = re.compile(r"claude-(?P<version>[4-9](?:[.-][0-9]{1,2})?)-(?P<family>[a-z]{3,12})(?:-[0-9]{8})?")
"""How OpenRouter names the snapshots of a model that it calls `claude-sonnet-4.5`; the date is its own."""
_VERSION_DOT = re.compile(r"(?<=[0-9])\.(?=[0-9])")


@value_class(frozen=True, kw_only=True, slots=True)
class ModelId:
    """What a spelling of a model's id says."""

    name: str
    """The spelling to look up in a rate table."""
    regional: bool = False
    """Names a regional endpoint of Bedrock or Vertex, which costs more from the 4.5 generation on."""
    fast: bool = False
    """Names the model's fast mode."""
    opaque: bool = False
    """Names something of the user's own account: only the user can say which model it is."""


def normalise(model: str) -> ModelId:
    """What the spelling says. Never raises; an id that is not understood comes back as it is."""
    if len(model) > LONGEST or not model.isascii():
        return ModelId(name=model)
    text = model.strip().removesuffix("[1m]")
    if text.startswith("arn:") or "/arn:" in text:
        return _of_arn(text[text.index("arn:") :])
    path = _VERTEX_PATH.fullmatch(text)
    if path is not None:
        return _of_name(path["id"], regional=path["location"] not in (None, "global"))
    return _of_name(_without_gateways(text))


def _without_gateways(text: str) -> str:
    parts = text.split("/")
    while len(parts) > 1 and (parts[0] in _GATEWAYS or _AWS_REGION.fullmatch(parts[0])):
        del parts[0]
    return "/".join(parts)


def _of_arn(arn: str) -> ModelId:
    """An ARN: `arn:PARTITION:bedrock:REGION:ACCOUNT:KIND/ID`."""
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "bedrock":
        return ModelId(name=arn, opaque=True)
    kind, _, name = parts[5].partition("/")
    if kind not in ("inference-profile", "foundation-model"):
        return ModelId(name=arn, opaque=True)
    return _of_name(name)


def _of_name(name: str, *, regional: bool = False) -> ModelId:
    """An id without any path before it."""
    before, vendor, rest = name.rpartition("anthropic.")
    if vendor:
        geography = before.removesuffix(".")
        if before and (geography == before or geography not in (*_REGIONAL, "global")):
            return ModelId(name=name)
        regional, name = geography != "global", _BEDROCK_VERSION.sub("", rest)
    dated = _VERTEX_VERSION.search(name)
    if dated is not None:
        name = f"{name[: dated.start()]}-{dated['date']}"
    name = name.removesuffix("@default").removesuffix(":thinking").removesuffix(":beta")
    fast = name.endswith("-fast")
    name = name.removesuffix("-fast")
    snapshot = _VERSION_FIRST.fullmatch(name)
    if snapshot is not None:
        name = f"claude-{snapshot['family']}-{snapshot['version']}"
    name = _VERSION_DOT.sub("-", name)
    return ModelId(name=name, regional=regional, fast=fast)
