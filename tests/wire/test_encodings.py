"""Compressed bodies, cut anywhere, damaged, or in a coding that is not known."""

import sys
import zlib
from collections.abc import Callable

import brotli  # type: ignore[import-untyped]  # has none
import pytest
import zstandard
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_claude_budget.calls.call import Status
from pytest_claude_budget.wire.bodies import encoded_body_of
from pytest_claude_budget.wire.encodings import Decode, UndecodableError, decoder
from tests.wire.answers import NORMAL, body, cut, exchange, message, read

PLAIN = NORMAL * 3 + bytes(range(256)) * 20
Encode = Callable[[bytes], bytes]


def deflated(data: bytes, window_bits: int) -> bytes:
    encoder = zlib.compressobj(wbits=window_bits)
    return encoder.compress(data) + encoder.flush()


def gzipped(data: bytes) -> bytes:
    return deflated(data, zlib.MAX_WBITS | 16)


def with_zlib_header(data: bytes) -> bytes:
    return deflated(data, zlib.MAX_WBITS)


def without_zlib_header(data: bytes) -> bytes:
    return deflated(data, -zlib.MAX_WBITS)


def brotlied(data: bytes) -> bytes:
    return bytes(brotli.compress(data))


def zstandarded(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def in_parts(encode: Encode) -> Encode:
    """Several members or frames, an empty one among them."""
    return lambda data: encode(data[:100]) + encode(b"") + encode(data[100:101]) + encode(data[101:])


CODINGS: dict[str, tuple[str, Encode]] = {
    "gzip": ("gzip", gzipped),
    "x-gzip": ("x-gzip", gzipped),
    "gzip members": ("gzip", in_parts(gzipped)),
    "deflate": ("deflate", with_zlib_header),
    "raw deflate": ("deflate", without_zlib_header),
    "br": ("br", brotlied),
    "zstd": ("zstd", zstandarded),
    "zstd frames": ("zstd", in_parts(zstandarded)),
    "upper case": (" GZIP ", gzipped),
    "with identity": ("identity, gzip, ", gzipped),
    "gzip in br": ("gzip, br", lambda data: brotlied(gzipped(data))),
    "raw deflate in gzip": ("deflate,gzip", lambda data: gzipped(without_zlib_header(data))),
    "gzip in zstd": ("gzip, zstd", lambda data: zstandarded(gzipped(data))),
    "zstd in br in gzip": ("zstd, br, gzip", lambda data: gzipped(brotlied(zstandarded(data)))),
}
ONE_PIECE = [10**9]


def decode_of(coding: str) -> Decode:
    decode = decoder(coding)
    assert decode is not None
    return decode


@given(st.sampled_from(sorted(CODINGS)), st.lists(st.integers(min_value=0, max_value=10_000), max_size=12))
@example("gzip", ONE_PIECE)
def test_chunks_cut_anywhere_decode_to_the_same_bytes(name: str, places: list[int]) -> None:
    """In a header, in a check sum, between two members."""
    coding, encode = CODINGS[name]
    decode = decode_of(coding)
    assert b"".join(decode(piece) for piece in cut(encode(PLAIN), places)) == PLAIN


@pytest.mark.parametrize("name", CODINGS)
@pytest.mark.parametrize("plain", [b"", b"x", PLAIN], ids=["empty", "one byte", "long"])
@pytest.mark.parametrize("step", [1, 2, 3, 10**6])
def test_pieces_of_any_size_decode_to_the_same_bytes(name: str, plain: bytes, step: int) -> None:
    """Each byte by itself too, with empty pieces in between."""
    coding, encode = CODINGS[name]
    data, decode = encode(plain), decode_of(coding)
    pieces = [piece for n in range(0, len(data), step) for piece in (b"", data[n : n + step])]
    assert b"".join(decode(piece) for piece in pieces) == plain


@pytest.mark.parametrize("level", range(10))
def test_deflate_of_every_level_is_told_from_its_zlib_form(level: int) -> None:
    """By the first two bytes; level 0 stores."""
    for bits in (9, 12, 15, -9, -12, -15):
        encoder = zlib.compressobj(level, wbits=bits)
        data = encoder.compress(PLAIN) + encoder.flush()
        assert decode_of("deflate")(data) == PLAIN


@pytest.mark.parametrize("coding", ["", "identity", "IDENTITY", " , ", "identity,identity"])
def test_plain_bytes_need_no_decoder(coding: str) -> None:
    """None says so."""
    assert decoder(coding) is None


@pytest.mark.parametrize("coding", ["compress", "gzip, rot13", "rot13, gzip", "gzip;q=1", "*"])
def test_an_unknown_coding_is_told(coding: str) -> None:
    """By its name, as it was sent."""
    unknown = next(name.strip() for name in coding.split(",") if name.strip() != "gzip")
    with pytest.raises(UndecodableError) as raised:
        decoder(coding)
    assert str(raised.value) == f"the answer's coding {unknown!r} is not known here"


def test_the_name_of_an_unknown_coding_is_bounded() -> None:
    """It came from a server."""
    with pytest.raises(UndecodableError) as raised:
        decoder("x" * 5_000)
    assert str(raised.value) == f"the answer's coding {'x' * 40!r} is not known here"


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        *((name, "start") for name in ("gzip", "deflate", "raw deflate", "br", "zstd", "gzip in br")),
        *((name, "middle") for name in ("gzip", "deflate", "br", "zstd", "gzip in br")),  # raw deflate has no check sum
        *((name, "not compressed") for name in ("gzip", "deflate", "raw deflate", "br", "zstd", "gzip in br")),
    ],
)
def test_damaged_bytes_are_told(name: str, damage: str) -> None:
    """And nothing but that is raised."""
    coding, encode = CODINGS[name]
    data = bytearray(encode(PLAIN))
    place = 0 if damage == "start" else len(data) // 2
    data[place : place + 40] = b"\xff" * 40
    sent = b"event: message_start\ndata: {}\n\n" * 9 if damage == "not compressed" else bytes(data)
    decode = decode_of(coding)
    with pytest.raises(UndecodableError) as raised:
        b"".join(decode(sent[start : start + 10]) for start in range(0, len(sent), 10))
    assert str(raised.value) == "the answer's compressed bytes are damaged"


@pytest.mark.parametrize(
    ("coding", "names"),
    [("br", ["brotli", "brotlicffi"]), ("zstd", ["zstandard", "compression.zstd", "backports.zstd"])],
)
@pytest.mark.parametrize("blocked", [True, False])
def test_a_library_that_the_client_has_not_loaded_is_told(
    coding: str, names: list[str], blocked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is never imported here; None in sys.modules is Python's way to block an import."""
    for name in names:
        monkeypatch.delitem(sys.modules, name, raising=False)
        if blocked:
            monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UndecodableError) as raised:
        decoder(coding)
    assert str(raised.value) == f"the answer is compressed and {names[0]} is not loaded"


@pytest.mark.parametrize("name", CODINGS)
def test_a_compressed_stream_is_measured(name: str) -> None:
    """Through the body that the hooks feed, piece by piece."""
    coding, encode = CODINGS[name]
    data = encode(NORMAL)
    pieces = [data[n : n + 7] for n in range(0, len(data), 7)]
    plain, _ = read(encoded_body_of(exchange(), "text/event-stream; charset=utf-8", ""), [NORMAL])
    own, items = read(encoded_body_of(exchange(), "text/event-stream; charset=utf-8", coding), pieces)
    assert own is not None
    assert own.status is Status.MEASURED
    assert own == plain
    assert items == []


@pytest.mark.parametrize("name", CODINGS)
def test_a_compressed_answer_is_measured(name: str) -> None:
    """JSON, in one piece."""
    coding, encode = CODINGS[name]
    data = body(message())
    plain, _ = read(encoded_body_of(exchange(), "application/json", ""), [data])
    own, _ = read(encoded_body_of(exchange(), "application/json", coding), [encode(data)])
    assert own is not None
    assert own.status is Status.MEASURED
    assert own == plain


def test_a_compressed_stream_that_breaks_off_is_a_lower_bound() -> None:
    """What could be decoded until then counts."""
    encoder = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    data = encoder.compress(NORMAL.split(b"event: message_delta")[0]) + encoder.flush(zlib.Z_SYNC_FLUSH)
    own, _ = read(encoded_body_of(exchange(), "text/event-stream", "gzip"), [data], complete=False)
    assert own is not None
    assert (own.status, own.usage.input_tokens) == (Status.AT_LEAST, 120)
