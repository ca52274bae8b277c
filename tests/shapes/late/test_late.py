"""The client is imported by a test, long after the plugin has started. Nothing in here imports it before."""

import sys

from double import Double, message, stream


def test_imported_inside_of_a_test(double: Double) -> None:
    from asking import ASK, client_of

    with client_of(double.url(message(input_tokens=1_801, output_tokens=801))) as client:
        assert 801 == client.messages.create(**ASK).usage.output_tokens


def test_imported_inside_of_another_test(double: Double) -> None:
    import anthropic

    url = double.url(stream(start={"input_tokens": 1_802, "output_tokens": 1}, final={"output_tokens": 802}))
    ask = {"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    with anthropic.Anthropic(api_key="none", base_url=url) as client, client.messages.stream(**ask) as stream_:
        assert 802 == stream_.get_final_message().usage.output_tokens


IMPORTED_AT_COLLECTION = "anthropic" in sys.modules


def test_nothing_imported_it_before() -> None:
    assert not IMPORTED_AT_COLLECTION
