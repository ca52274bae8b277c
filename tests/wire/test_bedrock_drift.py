"""A field that Amazon Bedrock's service model has and we do not is seen here, before it is missing from somebody's bill."""

from collections.abc import Iterator

import botocore
import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel, Shape

from pytest_claude_budget.wire.converse import KNOWN, LIFETIMES

SERVICE = ServiceModel(Loader().load_service_model("bedrock-runtime", "service-2"))
TIERS = {"priority", "default", "flex", "reserved"}
"""What `wire/bedrock_counts.py` has a rule for, and `pricing/in_force.py` a note."""
LATENCIES = {"standard", "optimized"}
BESIDE_THE_MODEL = {"cacheReadInputTokenCount", "cacheWriteInputTokenCount", "serverToolUsage"}
"""Fields that answers have and the model has not."""
VERBS = {"Converse": "converse", "ConverseStream": "converse-stream"}
VERBS |= {"InvokeModel": "invoke", "InvokeModelWithResponseStream": "invoke-with-response-stream"}
ELSEWHERE = {"ApplyGuardrail", "CountTokens", "InvokeGuardrailChecks"}
"""Operations that no model answers."""
ELSEWHERE |= {"GetAsyncInvoke", "ListAsyncInvokes", "StartAsyncInvoke", "InvokeModelWithBidirectionalStream"}
"""And those of other makers' models: video, and speech."""


def fields_of(shape: Shape, before: str = "") -> Iterator[str]:
    """Dotted names of all fields, those of a list's entries too."""
    for name, member in shape.members.items():
        yield before + name
        inner = member.member if member.type_name == "list" else member
        if inner.type_name == "structure":
            yield from fields_of(inner, f"{before}{name}.")


@pytest.mark.parametrize("operation", ["Converse", "ConverseStream"])
def test_every_field_of_converses_usage_is_known(operation: str) -> None:
    """Counted, or known to be inside of what is counted."""
    output = SERVICE.operation_model(operation).output_shape
    if operation == "ConverseStream":
        output = output.members["stream"].members["metadata"]
    found = set(fields_of(output.members["usage"]))
    assert found == KNOWN.keys() - BESIDE_THE_MODEL, (
        f"new in botocore {botocore.__version__}; find out how it is billed, then count it in wire/converse.py and name it in KNOWN"
    )


def test_every_lifetime_tier_and_latency_has_a_rule() -> None:
    """A word that is not known would be priced as the usual one."""
    assert set(SERVICE.shape_for("CacheTTL").enum) == LIFETIMES.keys()
    assert set(SERVICE.shape_for("ServiceTierType").enum) == TIERS
    assert set(SERVICE.shape_for("PerformanceConfigLatency").enum) == LATENCIES


def test_every_operation_that_a_model_answers_has_a_route() -> None:
    """By the verb at the end of its path."""
    paths = {name: SERVICE.operation_model(name).http["requestUri"] for name in SERVICE.operation_names}
    assert paths.keys() == VERBS.keys() | ELSEWHERE
    assert {name: path.rpartition("/")[2] for name, path in paths.items() if name in VERBS} == VERBS


def test_usage_comes_in_no_other_event() -> None:
    """Of a stream of Converse; and every way to break off is an exception."""
    events = SERVICE.operation_model("ConverseStream").output_shape.members["stream"].members
    assert {name for name, event in events.items() if "usage" in event.members} == {"metadata"}
    assert {name for name, event in events.items() if event.metadata.get("exception")} == {
        name for name in events if name.endswith("Exception")
    }
