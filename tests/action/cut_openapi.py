"""Cuts GitHub's own description of its API down to what we ask of it: `python -m tests.action.cut_openapi WHOLE.json`.

The whole is `generated/api.github.com.json` of npm's `@octokit/openapi` (MIT). Texts and examples go, what is checked stays.
"""

import json
import sys
from pathlib import Path
from typing import Any

CUT = Path(__file__).parent / "github-api.json"
USED = {
    "/repos/{owner}/{repo}/issues/{issue_number}/comments": {"get", "post"},
    "/repos/{owner}/{repo}/issues/comments/{comment_id}": {"patch"},
    "/repos/{owner}/{repo}/pulls": {"get"},
    "/repos/{owner}/{repo}/pulls/{pull_number}": {"get"},
    "/repos/{owner}/{repo}/actions/workflows/{workflow_id}/runs": {"get"},
    "/repos/{owner}/{repo}/actions/runs/{run_id}/artifacts": {"get"},
    "/repos/{owner}/{repo}/actions/artifacts/{artifact_id}/{archive_format}": {"get"},
}
DROPPED = {"description", "summary", "example", "examples", "externalDocs", "tags", "x-github", "x-octokit", "title"}
# GraphQL is no part of the description; this much of it is our own.
GRAPHQL = {
    "post": {
        "operationId": "graphql",
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["query"],
                        "properties": {"query": {"type": "string"}, "variables": {"type": "object"}},
                        "additionalProperties": False,
                    }
                }
            },
        },
        "responses": {
            "200": {
                "description": "",
                "content": {
                    "application/json": {"schema": {"type": "object", "properties": {"data": {"type": "object"}}}}
                },
            }
        },
    }
}


def bare(value: Any, *, named: bool = False) -> Any:
    """Without texts; `named` says that the keys are names of properties and the like, which all stay."""
    if isinstance(value, list):
        return [bare(each) for each in value]
    if not isinstance(value, dict):
        return value
    names = {"properties", "schemas", "parameters", "headers", "responses", "content"}
    kept = {key: bare(each, named=key in names) for key, each in value.items() if named or key not in DROPPED}
    if "content" in kept or ("schema" in kept and "in" not in kept and not named):
        kept.setdefault("description", "")
    return kept


def referred(value: Any) -> set[tuple[str, str]]:
    """Components that are named in a part, by kind and name."""
    if isinstance(value, list):
        return set().union(*map(referred, value)) if value else set()
    if not isinstance(value, dict):
        return set()
    found = set().union(*map(referred, value.values())) if value else set()
    if isinstance(value.get("$ref"), str):
        kind, name = value["$ref"].split("/")[2:]
        found.add((kind, name))
    return found


def cut(whole: dict[str, Any]) -> dict[str, Any]:
    """The paths in use, and all that they refer to."""
    paths = {
        path: {verb: bare(part) for verb, part in whole["paths"][path].items() if verb in verbs}
        for path, verbs in USED.items()
    }
    components: dict[str, dict[str, Any]] = {}
    todo = referred(paths)
    while todo:
        kind, name = todo.pop()
        if name not in components.setdefault(kind, {}):
            components[kind][name] = bare(whole["components"][kind][name])
            todo |= referred(components[kind][name])
    info = {"title": "GitHub REST API, cut", "version": whole["info"]["version"], "license": whole["info"]["license"]}
    servers = [{"url": "https://api.github.com"}]
    paths["/graphql"] = GRAPHQL
    ordered = {kind: dict(sorted(each.items())) for kind, each in sorted(components.items())}
    return {"openapi": whole["openapi"], "info": info, "servers": servers, "paths": paths, "components": ordered}


if __name__ == "__main__":
    CUT.write_text(json.dumps(cut(json.loads(Path(sys.argv[1]).read_text("utf-8"))), indent=1) + "\n", "utf-8")
