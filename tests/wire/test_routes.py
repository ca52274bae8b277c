"""Which exchanges are with Claude, whatever host they go to."""

import gzip
import json
from dataclasses import replace
from urllib.parse import unquote, urlsplit

import pytest

from pytest_claude_budget.wire.routes import Kind, Route, named_in_query, route
from tests.wire.answers import MODEL, body

MESSAGES = body({"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}]})
WITHOUT_MODEL = body({"anthropic_version": "vertex-2023-10-16", "max_tokens": 100, "messages": []})
BATCH = body({"requests": [{"custom_id": "a", "params": {"model": MODEL, "max_tokens": 1, "messages": []}}]})
OPENAI = body({"model": "gpt-5", "messages": [{"role": "user", "content": "What is claude?"}]})


def posted(url: str, data: bytes | None = MESSAGES, *, from_sdk: bool = True) -> Route | None:
    """Where a POST goes; the path as httpx gives it, without query and unquoted."""
    return route("POST", unquote(urlsplit(url).path), data, from_sdk=from_sdk)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.anthropic.com/v1/messages",
        "https://api.anthropic.com/v1/messages?beta=true",
        "https://api.anthropic.com/v1/messages/",
        "https://api.anthropic.com//v1/messages",
        "https://api.anthropic.com/v1/v1/messages",
        "http://127.0.0.1:4010/v1/messages",
        "http://localhost/v1/messages",
        "https://gateway.example.com/proxy/team-a/anthropic/v1/messages",
        "https://gateway.ai.cloudflare.com/v1/account/gateway/anthropic/v1/messages",
        "https://my-resource.services.ai.azure.com/anthropic/v1/messages",
        "https://bedrock-mantle.eu-west-1.api.aws/anthropic/v1/messages",
        "http://litellm:4000/v1/messages",
    ],
)
@pytest.mark.parametrize(("data", "from_sdk"), [(MESSAGES, True), (None, True), (MESSAGES, False), (b"{}", True)])
def test_messages_are_seen_at_any_base_url(url: str, data: bytes | None, from_sdk: bool) -> None:
    """By their path, with the SDK's version header or with Anthropic's fields in the body."""
    assert posted(url, data, from_sdk=from_sdk) == Route(kind=Kind.MESSAGES)


@pytest.mark.parametrize("host", ["https://api.anthropic.com", "https://x.services.ai.azure.com/anthropic"])
def test_counting_and_batches_are_seen(host: str) -> None:
    """Beside messages, at the same base."""
    assert posted(f"{host}/v1/messages/count_tokens?beta=true") == Route(kind=Kind.COUNT_TOKENS)
    assert posted(f"{host}/v1/messages/count_tokens", from_sdk=False) == Route(kind=Kind.COUNT_TOKENS)
    assert posted(f"{host}/v1/messages/batches?beta=true", BATCH) == Route(kind=Kind.BATCH_CREATE)
    assert posted(f"{host}/v1/messages/batches/", BATCH, from_sdk=False) == Route(kind=Kind.BATCH_CREATE)


@pytest.mark.parametrize("from_sdk", [True, False])
def test_batch_results_are_seen(from_sdk: bool) -> None:
    """By their path: a GET has no body, and `results_url` may be fetched without the SDK."""
    found = route("GET", "/anthropic/v1/messages/batches/msgbatch_1/results", None, from_sdk=from_sdk)
    assert found == Route(kind=Kind.BATCH_RESULTS, batch_id="msgbatch_1", evident=True)
    assert route("GET", "/v1/messages/batches/msgbatch_1/results/", None, from_sdk=from_sdk) is not None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/messages/batches"),
        ("GET", "/v1/messages/batches/msgbatch_1"),
        ("GET", "/v1/messages/batches/a/b/results"),
        ("GET", "/v1/messages/batches//results"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/claude-opus-5"),
        ("GET", "/v1/messages"),
        ("GET", "/"),
        ("GET", ""),
        ("POST", "/v1/messages/batches/msgbatch_1/cancel"),
        ("DELETE", "/v1/messages/batches/msgbatch_1"),
        ("POST", "/v1/files"),
        ("HEAD", "/v1/messages/batches/msgbatch_1/results"),
        ("PUT", "/v1/messages"),
        ("POST", "/v1/messages/msg_1"),
        ("GET", "/v1/sessions/sesn_1/resources"),
        ("DELETE", "/v1/sessions/sesn_1/events/x"),
        ("POST", "/v1/agents"),
        ("POST", "/api/event_logging/batch"),
    ],
)
def test_what_is_never_billed_is_not_seen(method: str, path: str) -> None:
    """Status, models, files, cancelling."""
    assert route(method, path, b"{}", from_sdk=True) is None


@pytest.mark.parametrize(
    ("place", "regional"),
    [("us-east5", True), ("europe-west1", True), ("us", True), ("eu", True), ("global", False)],
)
@pytest.mark.parametrize("verb", ["rawPredict", "streamRawPredict"])
def test_vertex_names_model_and_region_in_the_url(place: str, regional: bool, verb: str) -> None:
    """Any location but `global` is regional."""
    path = f"/v1/projects/p/locations/{place}/publishers/anthropic/models/claude-sonnet-4-5@20250929:{verb}"
    expected = Route(kind=Kind.MESSAGES, model="claude-sonnet-4-5@20250929", regional=regional, evident=True)
    assert posted(f"https://{place}-aiplatform.googleapis.com{path}", WITHOUT_MODEL, from_sdk=False) == expected
    assert posted(f"http://localhost/gateway{path.replace('@', '%40')}", None, from_sdk=False) == expected


def test_vertex_without_a_location_is_not_regional() -> None:
    """A gateway may leave it out."""
    found = posted("/publishers/anthropic/models/claude-opus-5:rawPredict", WITHOUT_MODEL, from_sdk=False)
    assert found == Route(kind=Kind.MESSAGES, model="claude-opus-5", evident=True)


def test_vertex_counts_tokens_with_a_model_of_that_name() -> None:
    """`count-tokens` is free, and no model."""
    path = "/v1/projects/p/locations/us-east5/publishers/anthropic/models/count-tokens:rawPredict"
    assert posted(path) == Route(kind=Kind.COUNT_TOKENS, evident=True)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/projects/p/locations/us/publishers/google/models/gemini-3:rawPredict",
        "/v1/projects/p/locations/us/publishers/anthropic/models/:rawPredict",
        "/v1/projects/p/locations/us/publishers/anthropic/models/a/b:rawPredict",
        "/v1/projects/p/locations/us/publishers/anthropic/models/claude:fetch",
        "/x/rawPredict",
    ],
)
def test_vertex_has_other_publishers_and_verbs(path: str) -> None:
    """None of them Claude's; another publisher's is not, whatever the request says."""
    assert posted(path, b"{}", from_sdk=False) is None
    assert (posted(path, WITHOUT_MODEL, from_sdk=False) is None) == ("google" in path)


BEDROCK = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
PROFILE = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/x1"


@pytest.mark.parametrize(
    "model", [BEDROCK, BEDROCK.removeprefix("us."), PROFILE, "us.claude-from-a-gateway", "anthropic.x"]
)
def test_bedrock_invoke_is_read(model: str) -> None:
    """The body has Anthropic's names; the model stands in the URL, quoted or not."""
    expected = Route(kind=Kind.MESSAGES, model=model, evident=True)
    host = "https://bedrock-runtime.us-east-1.amazonaws.com"
    assert posted(f"{host}/model/{model}/invoke", WITHOUT_MODEL, from_sdk=False) == expected
    assert posted(f"{host}/model/{model.replace(':', '%3A').replace('/', '%2F')}/invoke", None) == expected


@pytest.mark.parametrize(
    ("verb", "kind"),
    [
        ("invoke-with-response-stream", Kind.MESSAGES),
        ("converse", Kind.CONVERSE),
        ("converse-stream", Kind.CONVERSE),
    ],
)
def test_each_way_of_asking_bedrock_is_read(verb: str, kind: Kind) -> None:
    """Streams of Anthropic's own events, and answers of Bedrock's own form."""
    expected = Route(kind=kind, model=BEDROCK, evident=True)
    assert posted(f"/model/{BEDROCK}/{verb}", WITHOUT_MODEL, from_sdk=False) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/model/amazon.nova-pro-v1:0/invoke",
        "/model/meta.llama4-70b/converse",
        "/model/us.amazon.nova-pro-v1:0/invoke",
        "/model/arn:aws:bedrock:us-east-1:1:inference-profile/us.amazon.nova-pro-v1:0/converse",
        "/model/arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0/invoke",
        f"/model/{BEDROCK}/count-tokens",
    ],
)
def test_bedrock_has_other_models_and_verbs(path: str) -> None:
    """Other makers, and a token count that is free."""
    assert posted(path, WITHOUT_MODEL, from_sdk=False) is None


def test_bedrocks_path_under_a_name_of_somebodys_own_is_claudes_by_its_request() -> None:
    """A gateway may call it anything."""
    found = posted("/model/our-best/invoke", WITHOUT_MODEL, from_sdk=False)
    assert found == Route(kind=Kind.MESSAGES, evident=True)
    assert posted("/model/list/invoke", b"{}", from_sdk=False) is None


ARN = "arn:aws:bedrock:us-east-1:123456789012"


@pytest.mark.parametrize("name", ["provisioned-model/x1", "prompt-router/x1", "custom-model-deployment/x1"])
def test_a_resource_of_ones_own_account_is_claudes_by_its_request(name: str) -> None:
    """Its ARN does not say whose model it runs; `anthropic_version` does, which only requests to Claude have."""
    expected = Route(kind=Kind.MESSAGES, model=f"{ARN}:{name}", opaque=True)
    quoted = f"{ARN}:{name}".replace(":", "%3A").replace("/", "%2F")
    for spelled in (f"{ARN}:{name}", quoted, quoted.replace("%", "%25")):
        for data in (WITHOUT_MODEL, None):
            assert posted(f"/model/{spelled}/invoke", data, from_sdk=False) == expected
        other = body({"schemaVersion": "messages-v1", "messages": [], "inferenceConfig": {"max_tokens": 9}})
        assert posted(f"/model/{spelled}/invoke", other, from_sdk=False) is None
        assert posted(f"/model/{spelled}/invoke-with-response-stream", WITHOUT_MODEL, from_sdk=False) == expected
        for verb in ("converse", "converse-stream"):
            found = posted(f"/model/{spelled}/{verb}", WITHOUT_MODEL, from_sdk=False)
            assert found == replace(expected, kind=Kind.CONVERSE, evident=True)
    assert posted(f"/model/{ARN}:{name}/converse", b"{}", from_sdk=False) is not None


def test_a_router_that_names_claude_is_claudes() -> None:
    """By its path alone."""
    name = f"{ARN}:default-prompt-router/anthropic.claude:1"
    assert posted(f"/model/{name}/invoke", None) == Route(kind=Kind.MESSAGES, model=name, evident=True)


@pytest.mark.parametrize(
    ("path", "data", "reason"),
    [
        (
            "/v1/complete",
            body({"model": "claude-2.1", "prompt": "Hi"}),
            "the legacy text completions API states no usage",
        ),
    ],
)
def test_billed_routes_that_are_not_read_say_why(path: str, data: bytes, reason: str) -> None:
    """Never silently free."""
    assert posted(path, data) == Route(kind=Kind.UNREAD, reason=reason)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/v1/dreams", "dreams are not measured yet"),
        ("/v1/deployments/depl_1/run", "a session that the run of a deployment begins is not measured"),
    ],
)
def test_what_begins_work_elsewhere_says_so(path: str, reason: str) -> None:
    """It is billed, and nothing of it comes back."""
    assert route("POST", path, b"{}", from_sdk=True) == Route(kind=Kind.UNREAD, reason=reason, evident=True)
    assert route("GET", path, None, from_sdk=True) is None
    assert route("POST", path, b"{}", from_sdk=False) is None


@pytest.mark.parametrize(
    ("method", "path", "kind", "session", "thread"),
    [
        ("POST", "/v1/sessions", Kind.SESSION_CREATE, None, None),
        ("GET", "/v1/sessions", Kind.SESSION, None, None),
        ("GET", "/prefix/v1/sessions/sesn_1", Kind.SESSION, "sesn_1", None),
        ("POST", "/v1/sessions/sesn_1", Kind.SESSION, "sesn_1", None),
        ("POST", "/v1/sessions/sesn_1/archive", Kind.SESSION, "sesn_1", None),
        ("POST", "/v1/sessions/sesn_1/events", Kind.SESSION_SEND, "sesn_1", None),
        ("GET", "/v1/sessions/sesn_1/events", Kind.SESSION, "sesn_1", None),
        ("GET", "/v1/sessions/sesn_1/events/stream", Kind.SESSION, "sesn_1", None),
        ("GET", "/v1/sessions/sesn_1/threads", Kind.SESSION, "sesn_1", None),
        ("GET", "/v1/sessions/sesn_1/threads/sthr_1", Kind.SESSION, "sesn_1", "sthr_1"),
        ("GET", "/v1/sessions/sesn_1/threads/sthr_1/events", Kind.SESSION, "sesn_1", "sthr_1"),
        ("GET", "/v1/sessions/sesn_1/threads/sthr_1/stream", Kind.SESSION, "sesn_1", "sthr_1"),
    ],
)
def test_routes_of_managed_agents_are_read(
    method: str, path: str, kind: Kind, session: str | None, thread: str | None
) -> None:
    """By Anthropic's version header, without which the API takes none; another API may have such paths."""
    expected = Route(kind=kind, batch_id=session, thread=thread, evident=True)
    assert route(method, path, b"{}" if method == "POST" else None, from_sdk=True) == expected
    assert route(method, path, b"{}" if method == "POST" else None, from_sdk=False) is None


@pytest.mark.parametrize("model", [MODEL, "anthropic/claude-sonnet-4.5", "eu.anthropic.claude-opus-4-6-v1"])
@pytest.mark.parametrize("space", [b"", b" "])
def test_an_openai_compatible_route_that_names_claude_is_read(model: str, space: bytes) -> None:
    """Its usage has other names."""
    data = b'{"messages":[],"model":' + space + b'"' + model.encode() + b'"}'
    assert posted("https://openrouter.ai/api/v1/chat/completions", data, from_sdk=False) == COMPATIBLE


@pytest.mark.parametrize("path", ["/responses", "/v1/responses", "/api/v1/responses"])
def test_the_newer_openai_compatible_route_is_read_where_it_names_claude(path: str) -> None:
    """Where it names another model, the answer may name Claude; a user's own `/responses` is none, nor one unread."""
    data = body({"model": f"anthropic/{MODEL}", "input": "Hi"})
    assert posted(path, data, from_sdk=False) == COMPATIBLE
    assert posted(path, body({"model": "openrouter/auto", "input": "claude"}), from_sdk=False) == UNNAMED
    for other in (None, body({"survey": 1, "answers": ["claude"]}), body({"input": "claude"})):
        assert posted(path, other, from_sdk=False) is None
    assert posted(path, body({"model": MODEL, "answer": "yes"}), from_sdk=False) == GUESS
    assert posted(path, MESSAGES, from_sdk=False) == Route(kind=Kind.GUESS)


def test_an_openai_compatible_route_with_another_model_is_not_claude() -> None:
    """Though its prompt speaks of Claude."""
    assert posted("https://api.openai.com/v1/chat/completions", OPENAI, from_sdk=False) == UNNAMED
    assert posted("https://api.openai.com/v1/chat/completions", b'{"text":"claude"}', from_sdk=False) is None


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/v1/messages", b'{"to":"someone","text":"a chat of the user\'s own"}'),
        ("/v1/messages", b""),
        ("/v1/messages", b'{"messages":["x"]}'),
        ("/v1/messages", b'{"model":"x"}'),
        ("/v1/messages/count_tokens", b"{}"),
        ("/v1/messages/batches", b'{"requests":[1]}'),
        ("/v1/complete", b'{"task":7}'),
        ("/v1/sessions/7/events", b'{"click":1}'),
    ],
)
def test_a_route_of_the_users_own_api_is_not_claude(path: str, data: bytes) -> None:
    """No version header, and none of Anthropic's fields."""
    assert posted(path, data, from_sdk=False) is None


@pytest.mark.parametrize("path", ["/", "/chat", "/claude/invoke", "/messages"])
@pytest.mark.parametrize("from_sdk", [True, False])
def test_an_unknown_path_with_a_request_to_claude_is_a_guess(path: str, from_sdk: bool) -> None:
    """The answer will tell."""
    assert posted(path, MESSAGES, from_sdk=from_sdk) == Route(kind=Kind.GUESS)


@pytest.mark.parametrize("from_sdk", [True, False])
@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("/serving-endpoints/databricks-claude-sonnet-4-5/invocations", "databricks-claude-sonnet-4-5"),
        ("/serving-endpoints/our-Claude/invocations", "our-Claude"),
        ("/v1/models/anthropic/claude-4-sonnet/predictions", "claude-4-sonnet"),
        ("/openai/deployments/CLAUDE-x/messages", "CLAUDE-x"),
        ("/endpoints/claude-haiku/invocations", "claude-haiku"),
        ("/v1/models/claude-opus-5:predict", "claude-opus-5"),
    ],
)
def test_a_path_that_serves_a_model_of_claudes_proves_it(path: str, model: str, from_sdk: bool) -> None:
    """Whatever the request says, and where it cannot be read."""
    for data in (None, b"{}", body({"input": {"prompt": "Hi"}})):
        kind = Kind.MESSAGES if path.endswith("/messages") else Kind.COMPATIBLE
        assert posted(path, data, from_sdk=from_sdk) == Route(kind=kind, model=model, evident=True)


@pytest.mark.parametrize("name", ["claude-sonnet-4-5", "Claude-Opus-5", "our-claude"])
def test_a_deployment_of_claude_is_one_by_its_path(name: str) -> None:
    """The request of an OpenAI-compatible deployment names no model."""
    found = posted(f"/openai/deployments/{name}/chat/completions", b'{"messages":[]}', from_sdk=False)
    assert found is not None
    assert (found.kind, found.model, found.evident) == (Kind.COMPATIBLE, name, True)


@pytest.mark.parametrize("version", ["bedrock-2023-05-31", "vertex-2023-10-16"])
def test_anthropics_version_in_a_request_proves_it_on_any_path(version: str) -> None:
    """Packed or not; one that stands further inside is somebody's record of a request."""
    asked = {"anthropic_version": version, "max_tokens": 9, "messages": []}
    for data in (body(asked), gzip.compress(body(asked))):
        assert posted("/llm/ask", data, from_sdk=False) == Route(kind=Kind.MESSAGES, evident=True)
    assert posted("/v1/messages", body(asked), from_sdk=False) == Route(kind=Kind.MESSAGES, evident=True)
    for other in (
        {"runs": [{"inputs": asked}]},
        {"anthropic_version": version},
        {"anthropic_version": 5, "messages": []},
    ):
        found = posted("/llm/ask", body(other), from_sdk=False)
        assert found is None or found.unnamed


GUESS, UNNAMED = Route(kind=Kind.GUESS), Route(kind=Kind.GUESS, unnamed=True)
COMPATIBLE = Route(kind=Kind.COMPATIBLE)


@pytest.mark.parametrize(
    "field",
    [
        "model",
        "model_id",
        "modelId",
        "model_name",
        "modelName",
        "MODEL",
        "target_model",
        "deployment",
        "deploymentName",
        "engine",
    ],
)
@pytest.mark.parametrize("model", ["Claude-Sonnet-4.5", "CLAUDE-OPUS-5", "anthropic/claude-haiku-4-5"])
def test_a_field_for_a_model_names_claude_in_any_case_of_letters(field: str, model: str) -> None:
    """At any depth; the answer decides."""
    assert posted("/ask", body({field: model, "question": "Hi"}), from_sdk=False) == GUESS
    assert posted("/ask", body({"options": {field: model}}), from_sdk=False) == GUESS
    assert posted("/v1/chat/completions", body({field: model}), from_sdk=False) is not None


def test_a_list_of_models_or_a_parameter_of_the_url_names_claude() -> None:
    """As some gateways ask for a fallback, or for a model at all."""
    assert posted("/ask", body({"models": ["gpt-5", "anthropic/Claude-opus-5"]}), from_sdk=False) == GUESS
    assert named_in_query("user=1&model=Claude-Opus-5") == named_in_query("deployment=my-claude") == GUESS
    assert named_in_query("q=claude") is named_in_query("model=gpt-5&q=claude") is named_in_query("") is None


@pytest.mark.parametrize("segment", ["claude-sonnet-4-5", "Claude-3-Opus", "anthropic.claude-v2", "claude-newest-9"])
def test_a_segment_of_the_path_names_claude(segment: str) -> None:
    """Also where the request cannot be read."""
    for data in (None, b"", b"{}"):
        assert posted(f"/gateway/{segment}/generate", data, from_sdk=False) == Route(kind=Kind.GUESS, model=segment)


@pytest.mark.parametrize("path", ["/claude", "/claude/chat", "/ask-claude/questions", "/v1/claude-chat/messages"])
def test_a_path_that_only_speaks_of_claude_is_no_sign(path: str) -> None:
    """A suite's own route for what it calls so."""
    assert posted(path, b'{"text":"Hi"}', from_sdk=False) is None


@pytest.mark.parametrize(
    "path", ["/v2/count-tokens", "/tokenize", "/api/token_count", "/v1/models/claude-x1/count_tokens"]
)
def test_counting_tokens_is_never_an_answer(path: str) -> None:
    """On whatever path."""
    assert posted(path, MESSAGES, from_sdk=False) in (None, Route(kind=Kind.COUNT_TOKENS))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (body({"model": "gpt-5", "messages": [], "max_tokens": 5}), UNNAMED),
        (body({"messages": [], "max_tokens": 5, "prompt": "claude"}), UNNAMED),
        (body({"model": "x" * 300 + "claude", "messages": []}), UNNAMED),
        (None, None),
        (b"", None),
        (body({"messages": ["Hi claude"]}), None),
        (body({"prompt": "What is claude?", "name": "claude"}), None),
        (body({"text": '"model":"claude", "messages", "max_tokens"'}), None),
        (body({"text": json.dumps({"model": MODEL, "messages": []})}), None),
    ],
    ids=[
        "other model",
        "in a prompt",
        "long name",
        "unreadable",
        "empty",
        "chat",
        "prompt",
        "in a text",
        "JSON in a text",
    ],
)
def test_an_unknown_path_with_another_request_is_not_claude(data: bytes | None, expected: Route | None) -> None:
    """Of a chat whose model has another name, only an answer that names Claude counts."""
    assert posted("/api/v2/orders", data, from_sdk=False) == expected
