"""A small GitHub on loopback: it keeps comments, pull requests, runs and artifacts, answers as its contract says, and fails
on demand.
"""

import json
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

CONTRACT: Mapping[str, Any] = json.loads((Path(__file__).parent / "github-api.json").read_text("utf-8"))
REPOSITORY = "octo/helpdesk"
BOT = "github-actions[bot]"
RUN = 500


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What the next fitting request gets instead of its answer."""

    status: int = 500
    body: Mapping[str, Any] = field(default_factory=lambda: {"message": "planted"})
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = ""
    """Any, if empty."""
    path: str = ""
    """A part of it; any, if empty."""
    manner: str = "answer"
    """`answer`, `cut` (the connection), `hang` (until the client is gone), `after` (do it, then answer with the fault)."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    method: str
    path: str
    query: Mapping[str, list[str]]
    body: Any
    authorization: str


def sample(schema: Mapping[str, Any]) -> Any:
    """The smallest value that a schema of the contract allows."""
    if "$ref" in schema:
        _, _, kind, name = schema["$ref"].split("/")
        return sample(CONTRACT["components"][kind][name])
    if schema.get("nullable"):
        return None
    if "enum" in schema:
        return schema["enum"][0]
    for several in ("oneOf", "anyOf"):
        if several in schema:
            return sample(schema[several][0])
    if "allOf" in schema:
        parts = [sample(each) for each in schema["allOf"]]
        return {key: value for part in parts for key, value in part.items()} if isinstance(parts[0], dict) else parts[0]
    if schema.get("type") == "object" or "properties" in schema:
        return {name: sample(schema["properties"][name]) for name in schema.get("required", ())}
    text = {"uri": "https://example.test/x", "date-time": "2026-11-23T10:00:00Z", "email": "a@example.test"}
    plain = {"array": [], "integer": schema.get("minimum", 1), "number": 1, "boolean": False}
    return plain.get(schema["type"], text.get(schema.get("format", ""), "x"))


def component(name: str, /, **known: Any) -> dict[str, Any]:
    value: dict[str, Any] = sample(CONTRACT["components"]["schemas"][name])
    return value | known


def user(login: str) -> dict[str, Any]:
    return component("simple-user", login=login, type="Bot" if login.endswith("[bot]") else "User")


class Double:
    """State, and the server in front of it. One server lives as long as its tests; `reset` empties it."""

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.released = threading.Event()
        self.reset()

    def reset(self) -> None:
        self.viewer: str | None = BOT
        self.comments: list[dict[str, Any]] = []
        self.pulls: dict[int, dict[str, Any]] = {}
        self.runs: list[dict[str, Any]] = []
        self.artifacts: dict[int, list[dict[str, Any]]] = {}
        self.archives: dict[int, bytes] = {}
        self.hidden: list[str] = []
        self.labels: list[str] = ["bug", "claude-cost-accepted"]
        self.came_with: dict[str, list[int]] = {}
        """By commit, the numbers of the pull requests that it is of."""
        self.faults: list[Fault] = []
        self.asked: list[Asked] = []
        self.public_url = self.url
        self.released.clear()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @cached_property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def methods(self, path: str = "") -> list[str]:
        return [each.method for each in self.asked if path in each.path]

    def add_comment(self, body: str, login: str = BOT) -> dict[str, Any]:
        id_ = 1000 + len(self.comments)
        url = f"https://github.test/{REPOSITORY}/pull/7#issuecomment-{id_}"
        made = component("issue-comment", id=id_, node_id=f"IC_{id_}", body=body, html_url=url, user=user(login))
        self.comments.append(made)
        return made

    def add_pull(self, number: int, head_sha: str, label: str = "octo:topic", labels: tuple[str, ...] = ()) -> None:
        owner, _, ref = label.partition(":")
        label_ = sample(CONTRACT["components"]["schemas"]["pull-request"]["properties"]["labels"]["items"])
        known = {"number": number, "labels": [label_ | {"name": name} for name in labels]}
        pull = component("pull-request", **known, user=user(owner))
        pull["head"] |= {"sha": head_sha, "ref": ref, "label": label, "user": user(owner)}
        self.pulls[number] = pull

    def add_run(self, id_: int, branch: str = "main", event: str = "push", home: str = REPOSITORY) -> None:
        repository = component("minimal-repository", full_name=home)
        known = {"id": id_, "head_branch": branch, "event": event, "head_repository": repository}
        self.runs.insert(0, component("workflow-run", **known, conclusion="success", status="completed"))

    def add_artifact(self, run: int, name: str, archive: bytes, expired: bool = False) -> None:
        id_ = 70 + len(self.archives)
        self.archives[id_] = archive
        made = component("artifact", id=id_, name=name, expired=expired, size_in_bytes=len(archive))
        self.artifacts.setdefault(run, []).append(made)

    def answer(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        for (method, pattern), action in _ROUTES.items():
            found = re.fullmatch(pattern.replace("REPO", f"/repos/{REPOSITORY}"), asked.path)
            if found is not None and method == asked.method:
                return action(self, asked, *found.groups())
        return 404, {"message": "Not Found"}, {}

    def page(self, rows: list[Any], asked: Asked) -> tuple[list[Any], dict[str, str]]:
        size, number = int(asked.query.get("per_page", ["30"])[0]), int(asked.query.get("page", ["1"])[0])
        more = size * number < len(rows)
        following = f'<{self.public_url}{asked.path}?per_page={size}&page={number + 1}>; rel="next"'
        return rows[size * (number - 1) : size * number], {"Link": following} if more else {}


def _comments(double: Double, asked: Asked, _number: str) -> tuple[int, Any, dict[str, str]]:
    rows, headers = double.page(double.comments, asked)
    return 200, rows, headers


def _create(double: Double, asked: Asked, _number: str) -> tuple[int, Any, dict[str, str]]:
    if len(asked.body["body"]) > 65_536:
        return 422, component("validation-error", message="Validation Failed", documentation_url="x"), {}
    return 201, double.add_comment(asked.body["body"]), {}


def _update(double: Double, asked: Asked, id_: str) -> tuple[int, Any, dict[str, str]]:
    for comment in double.comments:
        if comment["id"] == int(id_):
            comment["body"] = asked.body["body"]
            return 200, comment, {}
    return 404, {"message": "Not Found"}, {}


def _graphql(double: Double, asked: Asked) -> tuple[int, Any, dict[str, str]]:
    if "minimizeComment" in asked.body["query"]:
        double.hidden.append(asked.body["variables"]["id"])
        return 200, {"data": {"minimizeComment": {"minimizedComment": {"isMinimized": True}}}}, {}
    if "nodes(ids" in asked.body["query"]:
        nodes = [{"id": id_, "isMinimized": id_ in double.hidden} for id_ in asked.body["variables"]["ids"]]
        return 200, {"data": {"nodes": nodes}}, {}
    if "associatedPullRequests" in asked.body["query"]:
        asked_for = re.findall(r'(c\d+): object\(oid: "(\w+)"\)', asked.body["query"])
        found = {alias: {"associatedPullRequests": {"nodes": _merged(double, sha)}} for alias, sha in asked_for}
        return 200, {"data": {"repository": found}}, {}
    if "labels(first" in asked.body["query"]:
        start = int(asked.body["variables"]["after"] or 0)
        page = {"hasNextPage": start + 100 < len(double.labels), "endCursor": str(start + 100)}
        nodes = [{"name": name} for name in double.labels[start : start + 100]]
        return 200, {"data": {"repository": {"labels": {"nodes": nodes, "pageInfo": page}}}}, {}
    if double.viewer is None:
        return 200, {"data": None, "errors": [{"type": "FORBIDDEN", "message": "not accessible"}]}, {}
    return 200, {"data": {"viewer": {"login": double.viewer}}}, {}


def _merged(double: Double, sha: str) -> list[dict[str, Any]]:
    pulls = [(number, double.pulls[number]) for number in double.came_with.get(sha, [])]
    return [
        {
            "number": number,
            "merged": pull["merged"],
            "baseRefName": pull["base"]["ref"],
            "headRefOid": pull["head"]["sha"],
            "labels": {"nodes": [{"name": label["name"]} for label in pull["labels"]]},
        }
        for number, pull in pulls
    ]


def _pull(double: Double, asked: Asked, number: str) -> tuple[int, Any, dict[str, str]]:
    pull = double.pulls.get(int(number))
    return (404, {"message": "Not Found"}, {}) if pull is None else (200, pull, {})


def _pulls(double: Double, asked: Asked) -> tuple[int, Any, dict[str, str]]:
    head = asked.query["head"][0]
    simple = dict.fromkeys(component("pull-request-simple"))
    rows = [
        component("pull-request-simple") | {name: pull[name] for name in simple if name in pull}
        for pull in double.pulls.values()
        if pull["head"]["label"] == head
    ]
    return 200, rows, {}


def _runs(double: Double, asked: Asked, _workflow: str) -> tuple[int, Any, dict[str, str]]:
    rows = [run for run in double.runs if run["head_branch"] == asked.query["branch"][0]]
    return 200, {"total_count": len(rows), "workflow_runs": rows}, {}


def _artifacts(double: Double, asked: Asked, run: str) -> tuple[int, Any, dict[str, str]]:
    rows = [each for each in double.artifacts.get(int(run), []) if each["name"] == asked.query["name"][0]]
    return 200, {"total_count": len(rows), "artifacts": rows}, {}


def _archive(double: Double, asked: Asked, id_: str) -> tuple[int, Any, dict[str, str]]:
    return 302, None, {"Location": f"{double.url}/store/{id_}"}


def _store(double: Double, asked: Asked, id_: str) -> tuple[int, Any, dict[str, str]]:
    return 200, double.archives[int(id_)], {}


_ROUTES: Mapping[tuple[str, str], Callable[..., tuple[int, Any, dict[str, str]]]] = {
    ("GET", r"REPO/issues/(\d+)/comments"): _comments,
    ("POST", r"REPO/issues/(\d+)/comments"): _create,
    ("PATCH", r"REPO/issues/comments/(\d+)"): _update,
    ("POST", r"/graphql"): _graphql,
    ("GET", r"REPO/pulls/(\d+)"): _pull,
    ("GET", r"REPO/pulls"): _pulls,
    ("GET", r"REPO/actions/workflows/([^/]+)/runs"): _runs,
    ("GET", r"REPO/actions/runs/(\d+)/artifacts"): _artifacts,
    ("GET", r"REPO/actions/artifacts/(\d+)/zip"): _archive,
    ("GET", r"/store/(\d+)"): _store,
}


def _handler(double: Double) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name that the base class has
            pass

        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def do_PATCH(self) -> None:
            self._serve()

        def _serve(self) -> None:
            asked = self._asked()
            double.asked.append(asked)
            fits = [each for each in double.faults if each.method in {"", asked.method} and each.path in asked.path]
            fault = next(iter(fits), None)
            if fault is None:
                return self._send(*double.answer(asked))
            double.faults.remove(fault)
            if fault.manner == "hang":
                double.released.wait(30)
            if fault.manner == "after":
                double.answer(asked)
            if fault.manner in {"hang", "cut"}:
                self.close_connection = True
                return None
            return self._send(fault.status, fault.body, dict(fault.headers))

        def _asked(self) -> Asked:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            authorization = self.headers.get("Authorization", "")
            query = parse_qs(parts.query)
            return Asked(method=self.command, path=parts.path, query=query, body=body, authorization=authorization)

        def _send(self, status: int, body: Any, headers: dict[str, str]) -> None:
            data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            kind = "application/zip" if isinstance(body, bytes) else "application/json; charset=utf-8"
            self.send_response(status)
            for name, value in (headers | {"Content-Type": kind, "Content-Length": str(len(data))}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    return Handler
