"""A usage field that the SDK knows and we do not is seen here, before it is missing from somebody's bill."""

import typing
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Literal, Union

import anthropic
import pytest
from anthropic.types import MessageDeltaUsage, RawMessageStreamEvent, Usage
from anthropic.types.beta import BetaMessageDeltaUsage, BetaRawMessageStreamEvent, BetaUsage
from pydantic import BaseModel

from pytest_claude_budget.wire.usage_fields import KNOWN

ITERATION_KINDS = {"message", "compaction", "advisor_message", "fallback_message"}
"""What `wire/usage_fields.py` has a rule for."""
SPEEDS = {"standard", "fast"}
SERVICE_TIERS = {"standard", "priority", "batch"}
USAGE_TYPES: list[type[BaseModel]] = [Usage, BetaUsage, MessageDeltaUsage, BetaMessageDeltaUsage]


def inside(annotation: object) -> Iterator[object]:
    """Every type that an annotation is made of."""
    yield annotation
    arguments = () if typing.get_origin(annotation) is Literal else typing.get_args(annotation)
    for argument in arguments:
        yield from inside(argument)


def models(annotation: object) -> list[type[BaseModel]]:
    return [part for part in inside(annotation) if isinstance(part, type) and issubclass(part, BaseModel)]


def literals(annotation: object) -> set[object]:
    parts = [part for part in inside(annotation) if typing.get_origin(part) is Literal]
    return {value for part in parts for value in typing.get_args(part)}


def fields_of(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Dotted name and annotation of every field, of nested models too; an iteration has the names of the top level."""
    for name, field in model.model_fields.items():
        yield prefix + name, field.annotation
        for nested in models(field.annotation):
            yield from fields_of(nested, "" if name == "iterations" else f"{prefix}{name}.")


def unknown_fields(model: type[BaseModel]) -> list[str]:
    """One line for each field that `KNOWN` does not have, with what to do."""
    names = sorted({name for name, _ in fields_of(model)} - KNOWN.keys())
    return [
        f"{model.__name__}.{name}: new in anthropic {anthropic.__version__}; find out how it is billed, "
        "then count it in wire/usage_fields.py and name it in KNOWN"
        for name in names
    ]


def iteration_kinds(model: type[BaseModel]) -> set[object]:
    """The words in `type` of the entries of `iterations`."""
    field = model.model_fields.get("iterations")
    entries = models(field.annotation) if field is not None else []
    return {word for entry in entries for word in literals(entry.model_fields["type"].annotation)}


def words_of(model: type[BaseModel], name: str) -> set[object]:
    """The words that a field of the top level may hold."""
    field = model.model_fields.get(name)
    return set() if field is None else literals(field.annotation)


def events_with_usage(annotation: object) -> set[object]:
    """The `type` of the stream's events that have a field of their own for usage."""
    with_usage = [model for model in models(annotation) if "usage" in model.model_fields]
    return {word for model in with_usage for word in literals(model.model_fields["type"].annotation)}


@pytest.mark.parametrize("model", USAGE_TYPES, ids=lambda model: str(model.__name__))
def test_every_usage_field_of_the_sdk_is_known(model: type[BaseModel]) -> None:
    """Counted, or known to be inside of what is counted."""
    assert unknown_fields(model) == []


@pytest.mark.parametrize("model", USAGE_TYPES, ids=lambda model: str(model.__name__))
def test_every_kind_of_iteration_has_a_rule(model: type[BaseModel]) -> None:
    """An entry is inside the top level or comes on top: a new kind is neither until somebody has looked."""
    assert iteration_kinds(model) - ITERATION_KINDS == set()


@pytest.mark.parametrize("model", USAGE_TYPES, ids=lambda model: str(model.__name__))
def test_every_speed_and_tier_has_a_rate(model: type[BaseModel]) -> None:
    """A word that is not known would be priced as standard."""
    assert words_of(model, "speed") - SPEEDS == set()
    assert words_of(model, "service_tier") - SERVICE_TIERS == set()


@pytest.mark.parametrize("events", [RawMessageStreamEvent, BetaRawMessageStreamEvent], ids=["stable", "beta"])
def test_usage_comes_in_no_other_event(events: object) -> None:
    """Besides message_start, which holds a whole message."""
    assert events_with_usage(events) == {"message_delta"}


class Moon(BaseModel):
    moonbeam_tokens: int


class Tide(BaseModel):
    type: Literal["tide", "ebb"]
    input_tokens: int
    salt_tokens: int | None = None


class Grown(BaseModel):
    input_tokens: int
    lunar_tokens: int | None = None
    server_tool_use: Moon | None = None
    iterations: Annotated[list[Union[Tide, Moon]], "discriminated"] | None = None  # noqa: UP007  (as the SDK writes it)
    speed: Literal["standard", "ludicrous"] | None = None
    usage: Moon | None = None
    type: Literal["lunar_event"] = "lunar_event"


def test_a_new_field_is_found_at_any_depth() -> None:
    """So that the tests above can fail, and say what to do."""
    found = [line.split(":")[0] for line in unknown_fields(Grown)]
    assert found == [
        "Grown.lunar_tokens",
        "Grown.moonbeam_tokens",
        "Grown.salt_tokens",
        "Grown.server_tool_use.moonbeam_tokens",
        "Grown.usage",
        "Grown.usage.moonbeam_tokens",
    ]
    assert unknown_fields(Grown)[0] == (
        f"Grown.lunar_tokens: new in anthropic {anthropic.__version__}; find out how it is billed, "
        "then count it in wire/usage_fields.py and name it in KNOWN"
    )


def test_a_new_word_is_found() -> None:
    """In the kinds of iterations, in speeds, in events with usage."""

    class Entries(BaseModel):
        iterations: list[Tide] | None = None

    assert iteration_kinds(Entries) == {"tide", "ebb"}
    assert words_of(Grown, "speed") - SPEEDS == {"ludicrous"}
    assert words_of(Grown, "service_tier") == set()
    assert events_with_usage(Grown | Tide) == {"lunar_event"}


def test_the_walk_sees_what_the_installed_sdk_has() -> None:
    """A walk that finds nothing would let everything pass."""
    found = {name for name, _ in fields_of(BetaUsage)}
    assert found >= {"input_tokens", "cache_creation.ephemeral_1h_input_tokens", "server_tool_use.web_search_requests"}
    assert iteration_kinds(BetaUsage) >= {"message", "compaction"}
    assert words_of(Usage, "service_tier") == SERVICE_TIERS
    assert isinstance(Grown | Tide, UnionType)
