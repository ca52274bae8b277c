"""A page for each file format, from its JSON Schema: a table of keys for each object in it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Node = dict[str, Any]
_PLAIN = ("integer", "object", "string")


@dataclass(frozen=True, kw_only=True)
class Part:
    """An object of the format."""

    path: str
    """Where it stands in the file, such as `limits[]`; empty for the file itself."""
    node: Node


class Schema:
    """A schema whose references are resolved as they are met."""

    def __init__(self, document: Node) -> None:
        self.document = document

    def resolved(self, node: Node) -> Node:
        """A node with what it refers to; what stands beside the reference goes before it."""
        for beside in ("$ref", "allOf", "else"):
            if beside == "$ref" and "$ref" in node:
                return self.resolved(
                    {**self.document["$defs"][node["$ref"].rpartition("/")[2]], **_without(node, "$ref")}
                )
            if beside == "allOf" and any("$ref" in each for each in node.get("allOf", [])):
                (referring,) = (each for each in node["allOf"] if "$ref" in each)
                return self.resolved({**referring, **_without(node, "allOf")})
            if beside == "else" and "else" in node:
                return self.resolved({**node["else"], **_without(node, "if", "then", "else"), "list": True})
        return node

    def parts(self, node: Node, path: str = "", met: tuple[str, ...] = ()) -> Iterator[Part]:
        """An object and those in it, in the order of the file; one that the same definition makes again is left out."""
        if node.get("properties") or not all(_members(self.resolved(value)) for _, value in _members(node)):
            yield Part(path=path, node=node)
        for key, value in _members(node):
            name = value.get("$ref", "")
            below = self.resolved(value)
            here = f"{path}.{key}" if path else key
            while below.get("type") == "array" and below.get("items"):
                name, here = below["items"].get("$ref", name), f"{here}[]"
                below = self.resolved(below["items"])
            below = self._one_of(below)
            if _members(below) and name not in met:
                yield from self.parts(below, here, (*met, name) if name else met)

    def _one_of(self, node: Node) -> Node:
        """Of what may be null or an object, the object."""
        choices = [self.resolved(each) for each in node.get("oneOf", []) + node.get("anyOf", [])]
        return next((each for each in choices if _members(each)), node)

    def value(self, node: Node) -> str:
        """What a value may be, in words."""
        node = self.resolved(node)
        if "x-expected" in node:
            return str(node["x-expected"]) + (", or a list of them" if node.get("list") else "")
        if "const" in node:
            return f"`{json.dumps(node['const'])}`"
        if "enum" in node:
            return ", ".join("null" if each is None else f"`{each}`" for each in node["enum"])
        choices = [each for each in node.get("oneOf", []) + node.get("anyOf", []) if set(each) != {"required"}]
        if choices:
            return " or ".join(dict.fromkeys(self.value(each) for each in choices))
        kinds = node.get("type", "any value")
        words = " or ".join([kinds] if isinstance(kinds, str) else kinds)
        if "prefixItems" in node:
            return f"list of {', '.join(self.value(each) for each in node['prefixItems'])}"
        if kinds != "array" or not node.get("items"):
            return words
        item = self.value(node["items"])
        return f"list of {item}s" if item in _PLAIN else f"list of {item}"


def _without(node: Node, *keys: str) -> Node:
    return {key: value for key, value in node.items() if key not in keys}


def _members(node: Node) -> list[tuple[str, Node]]:
    """The keys of an object; where they are names of the user's, one for all."""
    members = list(node.get("properties", {}).items())
    if isinstance(node.get("additionalProperties"), dict):
        members.append(("NAME", node["additionalProperties"]))
    return members


def schema_page(document: Node, title: str, file: str) -> str:
    """The page of a format."""
    schema = Schema(document)
    printed = f" `claude-budget schema {file.partition('.')[0]}` prints it, for editors and other programs."
    lines = [f"# {title}", "", document["description"], ""]
    lines += [f"This page is made from `schemas/{file}`, which decides.{printed}", ""]
    for part in schema.parts(document):
        lines += [f"## `{part.path}`", "", part.node.get("description", ""), ""] if part.path else []
        lines += _table(schema, part.node)
    return "\n".join(lines)


def _table(schema: Schema, node: Node) -> list[str]:
    needed = node.get("required", [])
    rows = ["| key | what it is | value |", "| --- | --- | --- |"]
    for key, value in _members(node):
        below = schema.resolved(value)
        default = f"; without it: `{json.dumps(below['default'])}`" if "default" in below else ""
        must = ", required" if key in needed else ""
        cells = (f"`{key}`{must}", below.get("description", ""), schema.value(value) + default)
        rows.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return [*rows, ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
