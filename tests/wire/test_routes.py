"""Which exchanges are with Claude, whatever host they go to."""

from urllib.parse import unquote, urlsplit

import pytest

from pytest_claude_budget.wire.routes import Kind, Route, route
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
        ("POST", "/v1/sessions"),
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
        "/v1/projects/p/locations/us/publishers/anthropic/models/claude:predict",
        "/x/rawPredict",
    ],
)
def test_vertex_has_other_publishers_and_verbs(path: str) -> None:
    """None of them Claude's."""
    assert posted(path, WITHOUT_MODEL, from_sdk=False) is None


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


@pytest.mark.parametrize("verb", ["invoke-with-response-stream", "converse", "converse-stream"])
def test_what_bedrock_answers_otherwise_is_unmeasured(verb: str) -> None:
    """Billed and not read: never silently free."""
    expected = Route(kind=Kind.UNREAD, model=BEDROCK, reason=f"Bedrock's {verb} is not measured yet", evident=True)
    assert posted(f"/model/{BEDROCK}/{verb}", WITHOUT_MODEL, from_sdk=False) == expected


@pytest.mark.parametrize(
    "path",
    [
        "/model/amazon.nova-pro-v1:0/invoke",
        "/model/meta.llama4-70b/converse",
        f"/model/{BEDROCK}/count-tokens",
        f"/model/{BEDROCK}",
        "/model/list/invoke",
    ],
)
def test_bedrock_has_other_models_and_verbs(path: str) -> None:
    """Other makers, and a token count that is free."""
    assert posted(path, WITHOUT_MODEL, from_sdk=False) is None


@pytest.mark.parametrize(
    ("path", "data", "reason"),
    [
        (
            "/v1/complete",
            body({"model": "claude-2.1", "prompt": "Hi"}),
            "the legacy text completions API states no usage",
        ),
        ("/v1/sessions/session_1/events", body({"events": []}), "Managed Agents sessions are not measured yet"),
        ("/v1/chat/completions", MESSAGES, "an OpenAI-compatible route, which is not measured yet"),
    ],
)
def test_billed_routes_that_are_not_read_say_why(path: str, data: bytes, reason: str) -> None:
    """Never silently free."""
    assert posted(path, data) == Route(kind=Kind.UNREAD, reason=reason)


@pytest.mark.parametrize("model", [MODEL, "anthropic/claude-sonnet-4.5", "eu.anthropic.claude-opus-4-6-v1"])
@pytest.mark.parametrize("space", [b"", b" "])
def test_an_openai_compatible_route_that_names_claude_is_unmeasured(model: str, space: bytes) -> None:
    """Its usage has other names; passing over it would make it free."""
    data = b'{"messages":[],"model":' + space + b'"' + model.encode() + b'"}'
    found = posted("https://openrouter.ai/api/v1/chat/completions", data, from_sdk=False)
    assert found is not None
    assert (found.kind, found.reason) == (Kind.UNREAD, "an OpenAI-compatible route, which is not measured yet")


@pytest.mark.parametrize("path", ["/responses", "/v1/responses", "/api/v1/responses"])
def test_the_newer_openai_compatible_route_is_unmeasured_where_it_names_claude(path: str) -> None:
    """Gateways answer it with Claude; a user's own `/responses`, or one whose request cannot be read, is not."""
    data = body({"model": f"anthropic/{MODEL}", "input": "Hi"})
    assert posted(path, data, from_sdk=False) == Route(
        kind=Kind.UNREAD, reason="an OpenAI-compatible route, which is not measured yet"
    )
    for other in (
        None,
        body({"model": "gpt-5", "input": "claude"}),
        body({"survey": 1, "answers": ["claude"]}),
        body({"model": MODEL, "answer": "yes"}),
    ):
        assert posted(path, other, from_sdk=False) is None
    assert posted(path, MESSAGES, from_sdk=False) == Route(kind=Kind.GUESS)


def test_an_openai_compatible_route_with_another_model_is_not_claude() -> None:
    """Though its prompt speaks of Claude."""
    assert posted("https://api.openai.com/v1/chat/completions", OPENAI, from_sdk=False) is None


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/v1/messages", b'{"to":"someone","text":"a chat of the user\'s own"}'),
        ("/v1/messages", b""),
        ("/v1/messages", b'{"messages":["x"]}'),
        ("/v1/messages", b'{"model":"x"}'),
        ("/v1/messages/count_tokens", b"{}"),
        ("/v1/messages/batches", b'{"requests":[1]}'),
        ("/v1/messages/batches", MESSAGES),
        ("/v1/complete", b'{"task":7}'),
        ("/v1/sessions/7/events", b'{"click":1}'),
    ],
)
def test_a_route_of_the_users_own_api_is_not_claude(path: str, data: bytes) -> None:
    """No version header, and none of Anthropic's fields."""
    assert posted(path, data, from_sdk=False) is None


@pytest.mark.parametrize("path", ["/", "/chat", "/claude/invoke", "/serving-endpoints/claude/invocations", "/messages"])
@pytest.mark.parametrize("from_sdk", [True, False])
def test_an_unknown_path_with_a_request_to_claude_is_a_guess(path: str, from_sdk: bool) -> None:
    """The answer will tell."""
    assert posted(path, MESSAGES, from_sdk=from_sdk) == Route(kind=Kind.GUESS)


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        body({"model": MODEL, "messages": []}),
        body({"model": MODEL, "max_tokens": 5}),
        body({"model": "gpt-5", "messages": [], "max_tokens": 5}),
        body({"text": '"model":"claude", "messages", "max_tokens"'}),
        body({"model": "x" * 300 + "claude", "messages": [], "max_tokens": 5}),
        body({"messages": [], "max_tokens": 5, "prompt": "claude"}),
    ],
    ids=["unreadable", "empty", "no max_tokens", "no messages", "other model", "in a text", "long name", "in a prompt"],
)
def test_an_unknown_path_with_another_request_is_not_claude(data: bytes | None) -> None:
    """Model, messages and max_tokens must all be there."""
    assert posted("/api/v2/orders", data, from_sdk=False) is None
