"""What each test of the shape suite costs, worked out by hand.

Rates are list prices in dollars per million tokens (https://platform.claude.com/docs/en/about-claude/pricing), so
tokens x rate is in millionths of a dollar; `usd` turns the sum into dollars. The abbreviations in the sums:

    model                input  5m write  1h write  cache read  output
    Sonnet 4.6, 4.5          3      3.75         6         0.3      15
    Opus 4.6                 5      6.25        10         0.5      25
    Opus 5.5                 4         5         8         0.2      20    fast: 8 and 40, cache read 0.4
    Fable 5.2                8        10        16         0.2      40
    Haiku 5.5              0.1     0.125       0.2        0.01     0.5    above 100,000 prompt tokens all x 5
    Haiku 4.5                1      1.25         2         0.1       5
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

COUNTS = (
    "input_tokens",
    "cache_creation_5m_input_tokens",
    "cache_creation_1h_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "web_search_requests",
)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the report must say of one owner."""

    cost: Decimal = Decimal(0)
    calls: int = 1
    attempts: int | None = None
    """Calls, where nothing else is said."""
    free: int = 0
    usage: Mapping[str, int]
    kind: str | None = None
    """`unpriced`, `unmeasured` or `at_least` where the cost is not known in full."""
    owner_kind: str = "test"
    needs: tuple[str, ...] = ()
    """Features without which the test is not defined."""

    @property
    def all_attempts(self) -> int:
        return self.calls if self.attempts is None else self.attempts


def usd(millionths: int | Decimal) -> Decimal:
    return Decimal(millionths) / 1_000_000


def used(
    fresh: int = 0, output: int = 0, *, w5: int = 0, w1: int = 0, read: int = 0, searches: int = 0
) -> dict[str, int]:
    return dict(zip(COUNTS, (fresh, w5, w1, read, output, searches), strict=True))


def sonnet(fresh: int, output: int, *needs: str, calls: int = 1, attempts: int | None = None) -> Expected:
    """So many equal calls of Sonnet 4.6: fresh input at $3 and output at $15."""
    one = usd(fresh * 3 + output * 15)
    counts = used(calls * fresh, calls * output)
    return Expected(cost=calls * one, calls=calls, attempts=attempts, usage=counts, needs=needs)


def nothing(*needs: str, attempts: int = 0, free: int = 0) -> Expected:
    """No call that was billed or could be."""
    return Expected(calls=0, attempts=attempts, free=free, usage=used(), needs=needs)


SUITE: dict[str, Expected] = {
    # 1,001 x 3 + 101 x 15 = 3,003 + 1,515 = 4,518 millionths = $0.004518; each further one adds 3 + 15 = 18.
    "test_messages.py::test_create": sonnet(1_001, 101),
    "test_messages.py::test_create_stream": sonnet(1_002, 102),
    "test_messages.py::test_stream_text": sonnet(1_003, 103),
    "test_messages.py::test_stream_events": sonnet(1_004, 104),
    "test_messages.py::test_stream_final_message": sonnet(1_005, 105),
    "test_messages.py::test_raw_response_parsed": sonnet(1_006, 106),
    "test_messages.py::test_raw_response_never_parsed": sonnet(1_007, 107),
    "test_messages.py::test_streaming_response_bytes": sonnet(1_008, 108),
    "test_messages.py::test_streaming_response_text": sonnet(1_009, 109),
    "test_messages.py::test_streaming_response_lines": sonnet(1_010, 110),
    "test_messages.py::test_streaming_response_parsed": sonnet(1_011, 111),
    "test_messages.py::test_raw_response_of_a_stream": sonnet(1_012, 112),
    "test_messages.py::test_streaming_response_of_a_stream": sonnet(1_013, 113),
    "test_messages.py::test_streaming_response_chunk_borders": sonnet(1_014, 114),
    # 1,101 x 3 + 101 x 15 = 3,303 + 1,515 = $0.004818, and so on.
    "test_messages_async.py::test_create": sonnet(1_101, 101),
    "test_messages_async.py::test_create_stream": sonnet(1_102, 102),
    "test_messages_async.py::test_stream_text": sonnet(1_103, 103),
    "test_messages_async.py::test_stream_events": sonnet(1_104, 104),
    "test_messages_async.py::test_stream_final_message": sonnet(1_105, 105),
    "test_messages_async.py::test_raw_response_parsed": sonnet(1_106, 106),
    "test_messages_async.py::test_raw_response_never_parsed": sonnet(1_107, 107),
    "test_messages_async.py::test_streaming_response_bytes": sonnet(1_108, 108),
    "test_messages_async.py::test_streaming_response_text": sonnet(1_109, 109),
    "test_messages_async.py::test_streaming_response_lines": sonnet(1_110, 110),
    "test_messages_async.py::test_streaming_response_parsed": sonnet(1_111, 111),
    "test_messages_async.py::test_raw_response_of_a_stream": sonnet(1_112, 112),
    "test_messages_async.py::test_streaming_response_of_a_stream": sonnet(1_113, 113),
    "test_messages_async.py::test_streaming_response_chunk_borders": sonnet(1_114, 114),
    "test_helpers.py::test_beta_create": sonnet(1_201, 201),
    "test_helpers.py::test_beta_create_stream": sonnet(1_202, 202),
    "test_helpers.py::test_beta_create_async": sonnet(1_203, 203),
    "test_helpers.py::test_count_tokens": nothing(free=1),
    "test_helpers.py::test_count_tokens_async": nothing(free=1),
    "test_helpers.py::test_beta_stream": sonnet(1_204, 204, "beta_stream"),
    "test_helpers.py::test_beta_stream_async": sonnet(1_205, 205, "beta_stream"),
    # Two turns: (1,206 + 1,266) x 3 + (41 + 22) x 15 = 7,416 + 945.
    "test_helpers.py::test_tool_runner": Expected(
        cost=usd(7_416 + 945), calls=2, usage=used(2_472, 63), needs=("tool_runner",)
    ),
    # (1,207 + 1,267) x 3 + 63 x 15 = 7,422 + 945.
    "test_helpers.py::test_tool_runner_async": Expected(
        cost=usd(7_422 + 945), calls=2, usage=used(2_474, 63), needs=("tool_runner",)
    ),
    "test_helpers.py::test_tool_runner_streamed": sonnet(1_208, 208, "tool_runner"),
    "test_helpers.py::test_parse": sonnet(1_209, 209, "parse"),
    "test_helpers.py::test_parse_async": sonnet(1_210, 210, "parse"),
    "test_helpers.py::test_beta_parse": sonnet(1_211, 211, "beta_parse"),
    # Retries: failed tries are attempts, and cost nothing.
    "test_failures.py::test_retried_after_429": sonnet(1_301, 301, attempts=2),
    "test_failures.py::test_retried_after_529_and_500": sonnet(1_302, 302, attempts=3),
    "test_failures.py::test_retried_async": sonnet(1_303, 303, attempts=2),
    "test_failures.py::test_retried_stream": sonnet(1_304, 304, attempts=2),
    "test_failures.py::test_retries_exhausted": nothing(attempts=3),
    "test_failures.py::test_bad_request": nothing(attempts=1),
    "test_failures.py::test_bad_request_of_a_stream_async": nothing(attempts=1),
    "test_failures.py::test_server_error": nothing(attempts=1),
    "test_failures.py::test_server_error_async": nothing(attempts=1),
    "test_failures.py::test_error_event_before_the_message": nothing(attempts=1),
    "test_failures.py::test_connection_refused": nothing(attempts=1),
    "test_failures.py::test_connection_refused_async": nothing(attempts=1),
    "test_clients.py::test_custom_http_client": sonnet(1_431, 431),
    "test_clients.py::test_custom_http_client_async": sonnet(1_432, 432),
    "test_clients.py::test_subclass_that_overrides_send": sonnet(1_433, 433),
    "test_clients.py::test_subclass_that_overrides_send_async": sonnet(1_434, 434),
    "test_clients.py::test_mock_transport": sonnet(1_435, 435),
    "test_clients.py::test_client_made_at_import": sonnet(1_436, 436),
    "test_clients.py::test_client_made_before_the_plugin_started": sonnet(1_437, 437),
    # 8 x (1,438 x 3 + 438 x 15) = 8 x (4,314 + 6,570) = 8 x 10,884 = $0.087072
    "test_clients.py::test_threads": sonnet(1_438, 438, calls=8),
    "test_clients.py::test_gather": sonnet(1_439, 439, calls=20),
    "test_clients.py::test_gather_of_streams": sonnet(1_440, 440, calls=10),
    "test_clients.py::test_threads_with_loops_of_their_own": sonnet(1_441, 441, calls=4),
    "test_clients.py::test_synchronous_client_on_an_event_loop": sonnet(1_442, 442),
    "test_clients.py::test_redirect": sonnet(1_443, 443),
    # The fixture pays 1,444 x 3 + 444 x 15 = 4,332 + 6,660 for itself.
    "test_clients.py::corpus": Expected(cost=usd(4_332 + 6_660), usage=used(1_444, 444), owner_kind="fixture"),
    "test_clients.py::test_of_a_wide_fixture": sonnet(1_445, 445),
    "test_clients.py::test_of_a_narrow_fixture": sonnet(1_446, 446, calls=2),
    "test_clients.py::test_anyio[asyncio]": sonnet(1_447, 447),
    "test_clients.py::test_anyio[trio]": sonnet(1_447, 447, "trio"),
    "test_clients.py::test_anyio_stream[asyncio]": sonnet(1_448, 448),
    "test_clients.py::test_anyio_stream[trio]": sonnet(1_448, 448, "trio"),
    "test_clients.py::test_pytest_asyncio": sonnet(1_449, 449, "pytest_asyncio"),
    "test_clients.py::test_aiohttp": sonnet(1_450, 450, "aiohttp"),
    "test_clients.py::test_aiohttp_stream": sonnet(1_451, 451, "aiohttp"),
}

for _name, _first in (("httpx", 1_461), ("httpx2", 1_471)):
    SUITE |= {
        f"test_raw.py::test_post[{_name}]": sonnet(_first, 61, _name),
        f"test_raw.py::test_post_without_headers[{_name}]": sonnet(_first + 1, 62, _name),
        f"test_raw.py::test_post_to_a_gateway[{_name}]": sonnet(_first + 2, 63, _name),
        f"test_raw.py::test_stream[{_name}]": sonnet(_first + 3, 64, _name),
        f"test_raw.py::test_post_async[{_name}]": sonnet(_first + 4, 65, _name),
        f"test_raw.py::test_stream_async[{_name}]": sonnet(_first + 5, 66, _name),
        f"test_raw.py::test_not_claude[{_name}]": nothing(_name),
    }


def two_items(first: int, *, attempts: int = 2, created: int = 1) -> Expected:
    """A batch of a Sonnet 4.6 and an Opus 4.6 answer, all of it halved. Creating it is free, and counted.

    Sonnet: first x 3 + 90 x 15 = first x 3 + 1,350. Opus: 700 x 5 + 70 x 25 + 2,000 x 0.5 = 3,500 + 1,750 + 1,000 = 6,250.
    """
    half = Decimal(first * 3 + 1_350 + 6_250) / 2
    counts = used(first + 700, 160, read=2_000)
    return Expected(cost=usd(half), calls=2, attempts=attempts, free=created, usage=counts)


SUITE |= {
    # Errored, canceled and expired items are attempts: (4,503 + 1,350 + 6,250) / 2 = 6,051.5.
    "test_batches.py::test_created_and_read": two_items(1_501, attempts=5),
    "test_batches.py::test_read_twice": two_items(1_502),
    "test_batches.py::test_read_in_part_and_then_whole": two_items(1_503),
    "test_batches.py::test_created_and_read_async": two_items(1_504),
    "test_batches.py::test_created_here": two_items(1_505),
    "test_batches.py::test_read_by_another_test": nothing(),
    "test_batches.py::test_read_here_created_long_ago": two_items(1_506, created=0),
    "test_batches.py::test_made_up_and_never_read": nothing(free=1),
    # 4 x (1,000 x 1 + 10 x 5) / 2 = 4 x 525 = 2,100
    "test_batches.py::test_two_batches_with_the_same_names": Expected(
        cost=usd(2_100), calls=4, free=2, usage=used(4_000, 40)
    ),
}

_KINDS: dict[str, tuple[Decimal, dict[str, int]]] = {
    # 2,000 x 3 + 1,000 x 3.75 + 5,000 x 0.3 + 50 x 15 = 6,000 + 3,750 + 1,500 + 750
    "cache-5m": (usd(6_000 + 3_750 + 1_500 + 750), used(2_000, 50, w5=1_000, read=5_000)),
    # 2,001 x 3 + 400 x 3.75 + 600 x 6 + 51 x 15 = 6,003 + 1,500 + 3,600 + 765
    "cache-5m-and-1h": (usd(6_003 + 1_500 + 3_600 + 765), used(2_001, 51, w5=400, w1=600)),
    # Only the sum is given, so it is priced as the default, 5 minutes: 6,006 + 3,750 + 780
    "cache-sum-only": (usd(6_006 + 3_750 + 780), used(2_002, 52, w5=1_000)),
    "nulls": (usd(2_003 * 3 + 53 * 15), used(2_003, 53)),
    # Opus 5.5 fast: 2,004 x 8 + 1,000 x 0.4 + 54 x 40 = 16,032 + 400 + 2,160
    "fast": (usd(16_032 + 400 + 2_160), used(2_004, 54, read=1_000)),
    # Opus 5.5: 2,005 x 4 + 55 x 20 = 8,020 + 1,100
    "not-fast": (usd(8_020 + 1_100), used(2_005, 55)),
    # (2,010 x 3 + 50 x 15) x 1.1 = (6,030 + 750) x 1.1 = 6,780 x 1.1 = 7,458
    "geo-us": (usd(7_458), used(2_010, 50)),
    "geo-global": (usd(2_011 * 3 + 51 * 15), used(2_011, 51)),
    # Sonnet 4.5 is older than the premium: 6,036 + 780
    "geo-us-before-4-6": (usd(6_036 + 780), used(2_012, 52)),
    # (2,020 x 8 + 50 x 40) x 1.1 = (16,160 + 2,000) x 1.1 = 18,160 x 1.1 = 19,976
    "geo-us-and-fast": (usd(19_976), used(2_020, 50)),
    # Committed capacity has no price a token: the standard rates, with a note.
    "priority": (usd(2_021 * 3 + 51 * 15), used(2_021, 51)),
    "tier-standard": (usd(2_022 * 3 + 52 * 15), used(2_022, 52)),
    # (2,024 x 3 + 54 x 15) / 2 = (6,072 + 810) / 2 = 3,441
    "tier-batch": (usd(3_441), used(2_024, 54)),
    # 2,030 x 3 + 60 x 15 = 6,090 + 900 = 6,990, and 3 searches at $0.01; fetches are free.
    "web-search": (usd(6_990) + Decimal("0.03"), used(2_030, 60, searches=3)),
    # Tokens are halved, (6,096 + 930) / 2 = 3,513, searches are not.
    "web-search-in-a-batch": (usd(3_513) + Decimal("0.02"), used(2_032, 62, searches=2)),
    # Thinking is inside output: 6,099 + 13,500
    "thinking": (usd(6_099 + 13_500), used(2_033, 900)),
    # The turns are inside the sums: 6,102 + 960
    "iterations-of-a-tool-loop": (usd(6_102 + 960), used(2_034, 64)),
    # The compaction comes on top: 2,035 x 3 + 65 x 15 = 7,080, 5,000 x 3 + 500 x 15 = 22,500
    "compaction": (usd(7_080 + 22_500), used(7_035, 565)),
    # All tokens are in the compaction: 5,001 x 3 + 501 x 15 = 15,003 + 7,515
    "compaction-alone": (usd(15_003 + 7_515), used(5_001, 501)),
    # 2,036 x 3 + 66 x 15 = 7,098, and the advisor, Opus 4.6: 3,000 x 5 + 300 x 25 = 22,500
    "advisor": (usd(7_098 + 22_500), used(5_036, 366)),
    # The model that served, Opus 4.6: 2,037 x 5 + 67 x 25 = 10,185 + 1,675. The one that declined said nothing.
    "fallback": (usd(10_185 + 1_675), used(2_037, 67)),
    # Opus 4.6: 2,038 x 5 + 68 x 25 = 10,190 + 1,700. Fable 5.2 declined after 20 tokens: 2,000 x 8 + 20 x 40 = 16,800.
    "fallback-after-output": (usd(10_190 + 1_700 + 16_800), used(4_038, 88)),
    # Refused before any output: not billed, whatever its usage says.
    "refused": (Decimal(0), used()),
    "refused-in-mid-stream": (usd(2_040 * 3 + 12 * 15), used(2_040, 12)),
    # 4 x 3 + 3,000 x 6 = 18,012
    "nothing-but-a-cache-write": (usd(18_012), used(4, 0, w1=3_000)),
    # Haiku 5.5, exactly 100,000 tokens: 60,000 x 0.1 + 40,000 x 0.01 + 100 x 0.5 = 6,000 + 400 + 50
    "prompt-of-100000": (usd(6_000 + 400 + 50), used(60_000, 100, read=40_000)),
    # One more, and every token costs five times as much: 60,001 x 0.5 + 40,000 x 0.05 + 100 x 2.5 = 30,000.5 + 2,000 + 250
    "prompt-of-100001": (usd(Decimal("30000.5") + 2_000 + 250), used(60_001, 100, read=40_000)),
}
for _kind, (_cost, _usage) in _KINDS.items():
    for _test in ("test_json", "test_streamed"):
        SUITE[f"test_usage.py::{_test}[{_kind}]"] = Expected(cost=_cost, usage=_usage)

_MODELS = {
    # 1,000 in, 1,000 from cache, 100 out: 1,000 x input + 1,000 x cache read + 100 x output
    "claude-3-haiku-20240307": 250 + 30 + 125,  # 0.25, 0.03, 1.25
    "claude-3-5-haiku-20241022": 800 + 80 + 400,  # 0.8, 0.08, 4
    "claude-3-7-sonnet-latest": 3_000 + 300 + 1_500,  # 3, 0.3, 15
    "claude-opus-4-20250514": 15_000 + 1_500 + 7_500,  # 15, 1.5, 75
    "claude-opus-4-1-20250805": 15_000 + 1_500 + 7_500,  # 15, 1.5, 75
    "claude-sonnet-4-5": 3_000 + 300 + 1_500,  # 3, 0.3, 15
    "anthropic/claude-sonnet-4.5": 3_000 + 300 + 1_500,
    "claude-haiku-4-5-20251001": 1_000 + 100 + 500,  # 1, 0.1, 5
    "claude-opus-4-5-20251101": 5_000 + 500 + 2_500,  # 5, 0.5, 25
    "claude-opus-4-6": 5_000 + 500 + 2_500,  # 5, 0.5, 25
    "claude-sonnet-4-6[1m]": 3_000 + 300 + 1_500,  # 3, 0.3, 15
    "claude-sonnet-5-5": 2_000 + 100 + 1_000,  # 2, 0.1, 10
    "claude-opus-5": 5_000 + 500 + 2_500,  # 5, 0.5, 25
    "claude-opus-5-5": 4_000 + 200 + 2_000,  # 4, 0.2, 20
    "claude-mythos-5-1": 10_000 + 250 + 5_000,  # 10, 0.25, 50
    "claude-fable-5-2": 8_000 + 200 + 4_000,  # 8, 0.2, 40
}
for _model, _millionths in _MODELS.items():
    SUITE[f"test_usage.py::test_model[{_model}]"] = Expected(cost=usd(_millionths), usage=used(1_000, 100, read=1_000))


def cached(fresh: int, output: int, *needs: str) -> Expected:
    """Sonnet 4.6 with 100 tokens read from cache at $0.3: 30 millionths on top."""
    return Expected(cost=usd(fresh * 3 + 30 + output * 15), usage=used(fresh, output, read=100), needs=needs)


for _size in (1, 2, 7, 64, 5_000):
    SUITE[f"test_wire.py::test_cut_anywhere[{_size}]"] = cached(1_601, 601)
    SUITE[f"test_wire.py::test_crlf_cut_anywhere[{_size}]"] = cached(1_602, 602)
for _size in (1, 7, 5_000):
    SUITE[f"test_wire.py::test_cut_anywhere_async[{_size}]"] = cached(1_603, 603)
for _coding in ("gzip", "deflate", "br", "zstd"):
    SUITE[f"test_wire.py::test_coded_stream[{_coding}]"] = cached(1_604, 604, f"coding_{_coding}")
    SUITE[f"test_wire.py::test_coded_stream_async[{_coding}]"] = cached(1_605, 605, f"coding_{_coding}")
    SUITE[f"test_wire.py::test_coded_json[{_coding}]"] = sonnet(1_606, 606, f"coding_{_coding}")
    SUITE[f"test_wire.py::test_coded_json_streamed[{_coding}]"] = sonnet(1_607, 607, f"coding_{_coding}")

SUITE |= {
    "test_wire.py::test_deflate_without_a_header": cached(1_608, 608),
    # 1,609 x 3 + 3,000 x 0.3 + 609 x 15 = 4,827 + 900 + 9,135
    "test_wire.py::test_counts_grow_in_several_deltas": Expected(
        cost=usd(4_827 + 900 + 9_135), usage=used(1_609, 609, read=3_000)
    ),
    "test_wire.py::test_unknown_event_with_usage": sonnet(1_610, 610),
    "test_wire.py::test_base_url_of_a_gateway": sonnet(1_611, 611),
    "test_wire.py::test_foundry_path": sonnet(1_612, 612),
    "test_wire.py::test_foundry_client": sonnet(1_613, 613, "foundry"),
    # Regional: (1,620 x 3 + 20 x 15) x 1.1 = (4,860 + 300) x 1.1 = 5,160 x 1.1 = 5,676
    "test_wire.py::test_vertex": Expected(cost=usd(5_676), usage=used(1_620, 20)),
    "test_wire.py::test_vertex_global": sonnet(1_621, 21),
    # (1,630 x 3 + 100 x 0.3 + 30 x 15) x 1.1 = (4,890 + 30 + 450) x 1.1 = 5,370 x 1.1 = 5,907
    "test_wire.py::test_vertex_stream": Expected(cost=usd(5_907), usage=used(1_630, 30, read=100)),
    # (1,640 x 3 + 40 x 15) x 1.1 = (4,920 + 600) x 1.1 = 5,520 x 1.1 = 6,072
    "test_wire.py::test_bedrock_invoke": Expected(cost=usd(6_072), usage=used(1_640, 40)),
    # Opus 4.6 at a global endpoint: 1,650 x 5 + 50 x 25 = 8,250 + 1,250
    "test_wire.py::test_bedrock_client": Expected(
        cost=usd(8_250 + 1_250), usage=used(1_650, 50), needs=("bedrock_key",)
    ),
}


def at_least(fresh: int, output: int) -> Expected:
    """Sonnet 4.6: what is known so far."""
    return Expected(cost=usd(fresh * 3 + output * 15), usage=used(fresh, output), kind="at_least")


def unmeasured(*needs: str) -> Expected:
    """A call whose usage is not known at all."""
    return Expected(usage=used(), kind="unmeasured", needs=needs)


INCOMPLETE: dict[str, Expected] = {
    "test_incomplete.py::test_unknown_model": Expected(usage=used(10, 10), kind="unpriced"),
    "test_incomplete.py::test_unknown_model_streamed": Expected(usage=used(11, 11), kind="unpriced"),
    "test_incomplete.py::test_answer_without_usage": unmeasured(),
    # 70 characters of text were seen, 20 tokens at 3.5 characters each; message_start's 1 is a placeholder.
    "test_incomplete.py::test_stream_breaks_off[whole-events]": at_least(1_701, 20),
    "test_incomplete.py::test_stream_breaks_off[1]": at_least(1_701, 20),
    "test_incomplete.py::test_stream_breaks_off[7]": at_least(1_701, 20),
    "test_incomplete.py::test_stream_breaks_off_async": at_least(1_702, 20),
    "test_incomplete.py::test_stream_ends_early": at_least(1_703, 20),
    "test_incomplete.py::test_error_event_in_a_stream": at_least(1_704, 1),
    "test_incomplete.py::test_delta_without_usage": at_least(1_705, 20),
    # No text was seen: what message_start says.
    "test_incomplete.py::test_stream_abandoned": at_least(1_706, 1),
    "test_incomplete.py::test_stream_abandoned_async": at_least(1_707, 1),
    "test_incomplete.py::test_stream_never_read": unmeasured(),
    "test_incomplete.py::test_stream_garbage_collected": at_least(1_709, 1),
    "test_incomplete.py::test_streaming_response_never_read": unmeasured(),
    "test_incomplete.py::test_json_breaks_off": unmeasured(),
    "test_incomplete.py::test_timeout": unmeasured(),
    "test_incomplete.py::test_timeout_async": unmeasured(),
    # One item was read, (1,720 x 3 + 20 x 15) / 2 = (5,160 + 300) / 2 = 2,730, and the rest counts as one call.
    "test_incomplete.py::test_batch_read_in_part": Expected(
        cost=usd(2_730), calls=2, free=1, usage=used(1_720, 20), kind="unmeasured"
    ),
    "test_incomplete.py::test_route_that_is_not_read": unmeasured(),
    "test_incomplete.py::test_legacy_completion": unmeasured("completions"),
}

LATE: dict[str, Expected] = {
    "test_late.py::test_imported_inside_of_a_test": sonnet(1_801, 801),
    "test_late.py::test_imported_inside_of_another_test": sonnet(1_802, 802),
    "test_late.py::test_nothing_imported_it_before": nothing(),
}

ALIAS: dict[str, Expected] = {
    "test_alias.py::test_the_sdk": sonnet(1_901, 901, "alias"),
    "test_alias.py::test_post": sonnet(1_902, 902, "alias"),
}

ROOMS = {"suite": SUITE, "incomplete": INCOMPLETE, "late": LATE, "alias": ALIAS}
"""Folder of each inner suite, and what its tests cost."""
