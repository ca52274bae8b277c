"""Which hosts Claude answers at."""

import pytest

from pytest_claude_budget.calls.claude_hosts import is_claude_host


@pytest.mark.parametrize(
    "host",
    [
        "api.anthropic.com",
        "api-staging.anthropic.com",
        "bedrock-runtime.us-east-1.amazonaws.com",
        "bedrock-runtime-fips.us-gov-west-1.amazonaws.com",
        "vpce-0a1b2c.bedrock-runtime.eu-west-1.vpce.amazonaws.com",
        "bedrock-mantle.us-east-1.api.aws",
        "aws-external-anthropic.us-west-2.api.aws",
        "us-east5-aiplatform.googleapis.com",
        "aiplatform.googleapis.com",
        "aiplatform.eu.rep.googleapis.com",
        "our-resource.services.ai.azure.com",
        "openrouter.ai",
    ],
)
def test_claude_answers_at_this_host(host: str) -> None:
    assert is_claude_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "docs.anthropic.com",
        "www.anthropic.com",
        "api.anthropic.com.example.org",
        "bedrock.us-east-1.amazonaws.com",
        "s3.us-east-1.amazonaws.com",
        "storage.googleapis.com",
        "our-resource.openai.azure.com",
        "localhost",
        "127.0.0.1",
        "",
    ],
)
def test_claude_does_not_answer_at_this_host(host: str) -> None:
    assert not is_claude_host(host)
