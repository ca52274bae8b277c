"""Batches: half the price, and one bill however often the results are read."""

from anthropic import Anthropic, AsyncAnthropic
from asking import ASK, async_client_of, client_of, run
from double import Double, succeeded, unanswered
from features import FEATURES

OPUS, HAIKU = "claude-opus-4-6", "claude-haiku-4-5-20251001"
REQUESTS = [{"custom_id": name, "params": ASK} for name in ("a", "b")]


def batches_of(client: Anthropic | AsyncAnthropic):
    """Old majors have batches in beta only."""
    return client.messages.batches if "messages_batches" in FEATURES else client.beta.messages.batches


def two_items(first: int) -> list:
    return [
        succeeded("a", input_tokens=first, output_tokens=90, service_tier="batch"),
        succeeded("b", model=OPUS, input_tokens=700, output_tokens=70, cache_read_input_tokens=2_000),
    ]


def test_created_and_read(double: Double) -> None:
    """Items that brought no answer are not billed; an item is half price though nothing in it says batch."""
    items = [*two_items(1_501), *(unanswered(kind, kind) for kind in ("errored", "canceled", "expired"))]
    with client_of(double.plan_batch("msgbatch_01", items)) as client:
        created = batches_of(client).create(requests=REQUESTS)
        kinds = [each.result.type for each in batches_of(client).results(created.id)]
    assert ["succeeded", "succeeded", "errored", "canceled", "expired"] == kinds


def test_read_twice(double: Double) -> None:
    with client_of(double.plan_batch("msgbatch_02", two_items(1_502), results=2)) as client:
        created = batches_of(client).create(requests=REQUESTS)
        for _ in range(2):
            assert ["a", "b"] == [each.custom_id for each in batches_of(client).results(created.id)]


def test_read_in_part_and_then_whole(double: Double) -> None:
    with client_of(double.plan_batch("msgbatch_03", two_items(1_503), results=2)) as client:
        created = batches_of(client).create(requests=REQUESTS)
        results = batches_of(client).results(created.id)
        assert "a" == next(iter(results)).custom_id
        results.http_response.close()
        assert 2 == len(list(batches_of(client).results(created.id)))


def test_created_and_read_async(double: Double) -> None:
    async def work() -> None:
        async with async_client_of(double.plan_batch("msgbatch_04", two_items(1_504))) as client:
            created = await batches_of(client).create(requests=REQUESTS)
            assert 2 == len([each async for each in await batches_of(client).results(created.id)])

    run(work())


def test_created_here(double: Double) -> None:
    """Who creates a batch pays for it, whoever reads it, and in whichever order."""
    with client_of(double.plan_batch("msgbatch_05", [])) as client:
        assert "msgbatch_05" == batches_of(client).create(requests=REQUESTS).id


def test_read_by_another_test(double: Double) -> None:
    with client_of(double.plan_batch("msgbatch_05", two_items(1_505), created=False)) as client:
        assert 2 == len(list(batches_of(client).results("msgbatch_05")))


def test_read_here_created_long_ago(double: Double) -> None:
    """Nobody in this run has created it: the reader pays."""
    with client_of(double.plan_batch("msgbatch_06", two_items(1_506), created=False)) as client:
        assert 2 == len(list(batches_of(client).results("msgbatch_06")))


def test_two_batches_with_the_same_names(double: Double) -> None:
    """An item is known by its batch and its name: these are four, not two."""
    for batch_id in ("msgbatch_07", "msgbatch_08"):
        items = [succeeded(name, model=HAIKU, input_tokens=1_000, output_tokens=10) for name in ("a", "b")]
        with client_of(double.plan_batch(batch_id, items)) as client:
            created = batches_of(client).create(requests=REQUESTS)
            assert 2 == len(list(batches_of(client).results(created.id)))


def test_made_up_and_never_read(double: Double) -> None:
    """A batch at a stand-in for the API never comes to anything: free. A real one would be unmeasured."""
    with client_of(double.plan_batch("msgbatch_09", [])) as client:
        assert "msgbatch_09" == batches_of(client).create(requests=REQUESTS).id
