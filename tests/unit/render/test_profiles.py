"""Profiles of a run: what speedscope and pprof read, and that it adds up to the run."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from pytest_claude_budget.calls.call import Owner, Usage
from pytest_claude_budget.judge.report import CostReport
from pytest_claude_budget.render.pprof import pprof_bytes
from pytest_claude_budget.render.speedscope import CALLS, COST, speedscope_text
from tests.unit.judge.test_report import one_call, report_of

INDEX = {"type": "integer", "minimum": 0}
SPEEDSCOPE = {
    "type": "object",
    "required": ["$schema", "shared", "profiles"],
    "properties": {
        "$schema": {"const": "https://www.speedscope.app/file-format-schema.json"},
        "shared": {
            "type": "object",
            "required": ["frames"],
            "properties": {
                "frames": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "additionalProperties": False,
                        "properties": {"name": {"type": "string"}, "file": {"type": "string"}, "line": INDEX},
                    },
                }
            },
        },
        "profiles": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "name", "unit", "startValue", "endValue", "samples", "weights"],
                "properties": {
                    "type": {"const": "sampled"},
                    "name": {"type": "string"},
                    "unit": {"enum": ["none", "nanoseconds", "microseconds", "milliseconds", "seconds", "bytes"]},
                    "startValue": {"type": "number"},
                    "endValue": {"type": "number"},
                    "samples": {"type": "array", "items": {"type": "array", "items": INDEX}},
                    "weights": {"type": "array", "items": {"type": "number"}},
                },
            },
        },
    },
}
"""What its format says of a file that has sampled profiles."""
PPROF = {
    "Profile": {
        "sample_type": (1, "ValueType", True),
        "sample": (2, "Sample", True),
        "location": (4, "Location", True),
        "function": (5, "Function", True),
        "string_table": (6, "string", True),
        "default_sample_type": (14, "int64", False),
    },
    "ValueType": {"type": (1, "int64", False), "unit": (2, "int64", False)},
    "Sample": {"location_id": (1, "uint64", True), "value": (2, "int64", True)},
    "Location": {"id": (1, "uint64", False), "line": (4, "Line", True)},
    "Line": {"function_id": (1, "uint64", False), "line": (2, "int64", False)},
    "Function": {
        "id": (1, "uint64", False),
        "name": (2, "int64", False),
        "system_name": (3, "int64", False),
        "filename": (4, "int64", False),
    },
}
"""Messages of its profile.proto, and the fields that are used: number, type, and whether there may be several."""


def a_run() -> CostReport:
    """3 calls of 100,000, 200,000 and 300,001 tokens at $1 a million: $0.1, $0.2 and, by no line of the user's, $0.300001."""
    sites = ("src/é.py:7 Desk.ask\ntest_a.py:3 test_one", "src/é.py:9 Desk.ask\ntest_a.py:3 test_one", None)
    return report_of(
        replace(
            one_call(),
            id=number,
            site=site,
            owner=Owner(id="test_a.py::test_one", kind="test", phase="call"),
            answer=replace(one_call().answer, model="claude-haiku-4-5", usage=Usage(input_tokens=tokens)),
        )
        for number, (site, tokens) in enumerate(zip(sites, (100_000, 200_000, 300_001), strict=True))
    )


def test_speedscope_shows_the_stacks_from_the_outermost_frame_on() -> None:
    text = speedscope_text(a_run())
    document = json.loads(text, parse_float=Decimal)
    jsonschema.validate(json.loads(text), SPEEDSCOPE)
    frames = document["shared"]["frames"]
    cost, calls = document["profiles"]
    assert (COST, CALLS, "none") == (cost["name"], calls["name"], cost["unit"])
    test, dear, cheap = ({"file": file, "name": name, "line": line} for file, name, line in FRAMES)
    assert [[test, dear], [test, cheap], [{"name": "(no line of your own)"}]] == [
        [frames[at] for at in sample] for sample in cost["samples"]
    ]
    assert ([200_000, 100_000, 300_001], 600_001) == (cost["weights"], cost["endValue"])
    assert ([1, 1, 1], 3) == (calls["weights"], calls["endValue"])


FRAMES = (("test_a.py", "test_one", 3), ("src/é.py", "Desk.ask", 9), ("src/é.py", "Desk.ask", 7))


def of_google(data: bytes) -> Any:
    """The profile as Google's package reads it."""
    scalar = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="profile.proto", package="p", syntax="proto3")
    for name, fields in PPROF.items():
        message = file.message_type.add(name=name)
        for field, (number, kind, several) in fields.items():
            label = scalar.LABEL_REPEATED if several else scalar.LABEL_OPTIONAL
            how: dict[str, Any] = {"type": getattr(scalar, f"TYPE_{kind.upper()}", scalar.TYPE_MESSAGE)}
            if kind in PPROF:
                how["type_name"] = f".p.{kind}"
            message.field.add(name=field, number=number, label=label, **how)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)  # type: ignore[no-untyped-call]  # its own
    profile = message_factory.GetMessageClass(pool.FindMessageTypeByName("p.Profile"))()
    profile.ParseFromString(data)
    return profile


def samples(profile: Any) -> Iterator[tuple[tuple[Any, ...], list[int]]]:
    """The frames of each sample, the innermost first, and its values."""
    functions = {each.id: each for each in profile.function}
    lines = {each.id: each.line[0] for each in profile.location}
    for sample in profile.sample:
        found = [lines[number] for number in sample.location_id]
        yield (
            tuple(
                (
                    profile.string_table[functions[line.function_id].filename],
                    profile.string_table[functions[line.function_id].name],
                    line.line,
                )
                for line in found
            ),
            list(sample.value),
        )


def test_pprof_reads_the_same() -> None:
    profile = of_google(gzip.decompress(pprof_bytes(a_run())))
    table = profile.string_table
    assert ("", "cost") == (table[0], table[profile.default_sample_type])
    assert [("calls", "count"), ("cost", "nanodollars")] == [
        (table[each.type], table[each.unit]) for each in profile.sample_type
    ]
    test, dear, cheap = FRAMES
    assert [
        ((dear, test), [1, 200_000_000]),
        ((cheap, test), [1, 100_000_000]),
        ((("", "(no line of your own)", 0),), [1, 300_001_000]),
    ] == list(samples(profile))


@pytest.mark.parametrize("write", [speedscope_text, pprof_bytes])
def test_a_run_without_calls_is_an_empty_profile_and_the_same_run_the_same_bytes(write: Any) -> None:
    assert write(report_of([])) != write(a_run()) == write(a_run())
