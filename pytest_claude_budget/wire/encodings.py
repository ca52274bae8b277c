"""Reads compressed bodies as they pass, beside the client, which decodes its own copy.

A library for brotli or zstd is used only where the client has it too: else the server was never asked for it.
"""

import sys
import zlib
from collections.abc import Callable
from typing import Any


class UndecodableError(Exception):
    """The body's coding is not known here, or its bytes are damaged; the text is the reason."""


LARGEST_REQUEST = 32_000_000
"""Bytes of a packed request that are looked at: what the API takes at most."""
GZIP = b"\x1f\x8b"
Decode = Callable[[bytes], bytes]


def decoder(content_encoding: str) -> Decode | None:
    """Make what turns the next bytes of a body into plain ones; None where they are plain already.

    Raises UndecodableError for a coding that is not known here.
    """
    if not content_encoding:
        return None
    names = [name.strip().lower() for name in content_encoding.split(",")]
    steps = [_step(name) for name in reversed(names) if name not in ("", "identity")]
    if not steps:
        return None
    if len(steps) == 1:
        return steps[0]

    def chained(data: bytes) -> bytes:
        for step in steps:
            data = step(data)
        return data

    return chained


def _step(name: str) -> Decode:
    if name in ("gzip", "x-gzip"):
        return _framed(lambda: zlib.decompressobj(zlib.MAX_WBITS | 16), zlib.error)
    if name == "deflate":
        return _Deflate().decode
    if name == "br":
        return _brotli()
    if name == "zstd":
        return _zstd()
    raise UndecodableError(f"the answer's coding {name[:40]!r} is not known here")


class _Deflate:
    """With the zlib header as the standard says, or without as some servers send it."""

    def __init__(self) -> None:
        self._inner: Any = None
        self._start = b""

    def decode(self, data: bytes) -> bytes:
        if self._inner is None:
            data = self._start + data
            if len(data) < 2:
                self._start = data
                return b""
            has_header = data[0] & 0x8F == 0x08 and int.from_bytes(data[:2], "big") % 31 == 0
            self._inner = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        return _checked(self._inner.decompress, data, zlib.error)


def _brotli() -> Decode:
    module = _module("brotli", "brotlicffi")
    inner = module.Decompressor()
    process = inner.process if hasattr(inner, "process") else inner.decompress
    return lambda data: _checked(process, data, module.error)


def _zstd() -> Decode:
    module = _module("zstandard", "compression.zstd", "backports.zstd")
    if module.__name__ == "zstandard":
        return _framed(lambda: module.ZstdDecompressor().decompressobj(), module.ZstdError)
    return _framed(module.ZstdDecompressor, module.ZstdError)


def _framed(start: Callable[[], Any], error: type[Exception]) -> Decode:
    """Frames may follow one another."""
    current = [start()]

    def decode(data: bytes) -> bytes:
        out = b""
        while data:
            if getattr(current[0], "eof", False):
                current[0] = start()
            out += _checked(current[0].decompress, data, error)
            data = current[0].unused_data
        return out

    return decode


def _module(*names: str) -> Any:
    """The library that the client itself uses, which it has imported by now."""
    for name in names:
        if (module := sys.modules.get(name)) is not None:
            return module
    raise UndecodableError(f"the answer is compressed and {names[0]} is not loaded")


def _checked(step: Decode, data: bytes, error: type[Exception]) -> bytes:
    try:
        return step(data)
    except error as damage:
        raise UndecodableError("the answer's compressed bytes are damaged") from damage


def unpacked(request: bytes) -> bytes | None:
    """A request's body as it was before gzip; as it is where it is not packed, None where it cannot be read."""
    if not request.startswith(GZIP):
        return request
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = unpacker.decompress(request, LARGEST_REQUEST)
    except zlib.error:
        return None
    return plain if unpacker.eof else None
