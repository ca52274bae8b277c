"""One class under two names: a call is counted once."""

from asking import ASK, client_of
from double import Double, message
from features import FEATURES

if "alias" in FEATURES:
    import httpx
    import httpx2

    def test_the_sdk(double: Double) -> None:
        with client_of(double.url(message(input_tokens=1_901, output_tokens=901))) as client:
            assert 901 == client.messages.create(**ASK).usage.output_tokens

    def test_post(double: Double) -> None:
        assert httpx.Client is httpx2.Client
        url = double.url(message(input_tokens=1_902, output_tokens=902)) + "/v1/messages"
        assert 902 == httpx.post(url, json=ASK).json()["usage"]["output_tokens"]
