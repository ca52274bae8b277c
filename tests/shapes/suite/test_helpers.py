"""The SDK's beta namespace and its helpers: tool runner, structured output, token counts.

A test is defined where the installed SDK has what it is about.
"""

import json

import anthropic
from asking import ASK, async_client_of, client_of, run
from double import Double, json_reply, message, stream
from features import FEATURES
from pydantic import BaseModel


class City(BaseModel):
    """What a structured answer holds."""

    name: str


PARIS = json.dumps({"name": "Paris"})


def tool_turns(first: int, tool: str = "weather") -> list:
    """Two answers: the model asks for a tool, then it says what it has learned."""
    use = {"type": "tool_use", "id": "toolu_01", "name": tool, "input": {"city": "Paris"}}
    return [
        message(content=[use], stop_reason="tool_use", input_tokens=first, output_tokens=41),
        message(input_tokens=first + 60, output_tokens=22),
    ]


def test_beta_create(double: Double) -> None:
    url = double.url(message(input_tokens=1_201, output_tokens=201))
    with client_of(url) as client:
        assert 201 == client.beta.messages.create(**ASK).usage.output_tokens
    assert ["/v1/messages"] == [request.path.removesuffix("?beta=true") for request in double.requests(url)]


def test_beta_create_stream(double: Double) -> None:
    url = double.url(stream(start={"input_tokens": 1_202, "output_tokens": 1}, final={"output_tokens": 202}))
    with client_of(url) as client:
        assert "message_stop" == list(client.beta.messages.create(**ASK, stream=True))[-1].type


def test_beta_create_async(double: Double) -> None:
    async def work() -> None:
        async with async_client_of(double.url(message(input_tokens=1_203, output_tokens=203))) as client:
            assert 203 == (await client.beta.messages.create(**ASK)).usage.output_tokens

    run(work())


def test_count_tokens(double: Double) -> None:
    """Counting is free, and is counted as such."""
    asked = {name: value for name, value in ASK.items() if name != "max_tokens"}
    with client_of(double.url(json_reply({"input_tokens": 77}))) as client:
        messages = client.messages if "messages_count_tokens" in FEATURES else client.beta.messages
        assert 77 == messages.count_tokens(**asked).input_tokens


def test_count_tokens_async(double: Double) -> None:
    asked = {name: value for name, value in ASK.items() if name != "max_tokens"}

    async def work() -> None:
        async with async_client_of(double.url(json_reply({"input_tokens": 78}))) as client:
            messages = client.messages if "messages_count_tokens" in FEATURES else client.beta.messages
            assert 78 == (await messages.count_tokens(**asked)).input_tokens

    run(work())


if "beta_stream" in FEATURES:

    def test_beta_stream(double: Double) -> None:
        url = double.url(stream(start={"input_tokens": 1_204, "output_tokens": 1}, final={"output_tokens": 204}))
        with client_of(url) as client, client.beta.messages.stream(**ASK) as stream_:
            assert "Hello from the double." == stream_.get_final_text()

    def test_beta_stream_async(double: Double) -> None:
        url = double.url(stream(start={"input_tokens": 1_205, "output_tokens": 1}, final={"output_tokens": 205}))

        async def work() -> None:
            async with async_client_of(url) as client, client.beta.messages.stream(**ASK) as stream_:
                assert 205 == (await stream_.get_final_message()).usage.output_tokens

        run(work())


if "tool_runner" in FEATURES:

    @anthropic.beta_tool
    def weather(city: str) -> str:
        """Tell the weather.

        Args:
            city: Where.
        """
        return f"sunny in {city}"

    @anthropic.beta_async_tool
    async def weather_async(city: str) -> str:
        """Tell the weather.

        Args:
            city: Where.
        """
        return f"sunny in {city}"

    def test_tool_runner(double: Double) -> None:
        with client_of(double.url(*tool_turns(1_206))) as client:
            runner = client.beta.messages.tool_runner(**ASK, tools=[weather])
            assert 22 == runner.until_done().usage.output_tokens

    def test_tool_runner_async(double: Double) -> None:
        async def work() -> None:
            async with async_client_of(double.url(*tool_turns(1_207, "weather_async"))) as client:
                runner = client.beta.messages.tool_runner(**ASK, tools=[weather_async])
                assert 22 == (await runner.until_done()).usage.output_tokens

        run(work())

    def test_tool_runner_streamed(double: Double) -> None:
        url = double.url(stream(start={"input_tokens": 1_208, "output_tokens": 1}, final={"output_tokens": 208}))
        with client_of(url) as client:
            for stream_ in client.beta.messages.tool_runner(**ASK, tools=[weather], stream=True):
                assert 208 == stream_.get_final_message().usage.output_tokens


if "parse" in FEATURES:

    def test_parse(double: Double) -> None:
        with client_of(double.url(message(text=PARIS, input_tokens=1_209, output_tokens=209))) as client:
            assert City(name="Paris") == client.messages.parse(**ASK, output_format=City).parsed_output

    def test_parse_async(double: Double) -> None:
        async def work() -> None:
            async with async_client_of(
                double.url(message(text=PARIS, input_tokens=1_210, output_tokens=210))
            ) as client:
                assert City(name="Paris") == (await client.messages.parse(**ASK, output_format=City)).parsed_output

        run(work())


if "beta_parse" in FEATURES:

    def test_beta_parse(double: Double) -> None:
        with client_of(double.url(message(text=PARIS, input_tokens=1_211, output_tokens=211))) as client:
            assert City(name="Paris") == client.beta.messages.parse(**ASK, output_format=City).parsed_output
