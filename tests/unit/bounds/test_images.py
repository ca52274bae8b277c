"""Sizes of images by their heads, which are written out here as the formats have them."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_budget.bounds.images import size_of, tokens_of_image

OLD, NEW = "claude-sonnet-4-6", "claude-opus-4-7"


def encoded(head: bytes) -> str:
    return base64.b64encode(head).decode()


def png(wide: int, high: int) -> str:
    return encoded(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", wide, high) + b"\x08\x02\0\0\0")


def gif(wide: int, high: int) -> str:
    return encoded(b"GIF89a" + struct.pack("<HH", wide, high) + b"\0\0\0")


def jpeg(wide: int, high: int) -> str:
    metadata = b"\xff\xe1" + struct.pack(">H", 2 + 70_000 % 65_000) + b"\xff" * 5_000
    tables = b"\xff\xff\xc4" + struct.pack(">H", 4) + b"\0\0"  # padded, and no frame
    frame = b"\xff\xc2" + struct.pack(">HBHHB", 17, 8, high, wide, 3)
    return encoded(b"\xff\xd8" + metadata + tables + frame + b"\0" * 20)


def webp_lossy(wide: int, high: int) -> str:
    return encoded(b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", wide, high))


def webp_lossless(wide: int, high: int) -> str:
    return encoded(b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", (wide - 1) | (high - 1) << 14))


def webp_extended(wide: int, high: int) -> str:
    sizes = (wide - 1).to_bytes(3, "little") + (high - 1).to_bytes(3, "little")
    return encoded(b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0" + sizes)


FORMATS = [png, gif, jpeg, webp_lossy, webp_lossless, webp_extended]


@pytest.mark.parametrize("made", FORMATS)
def test_each_format_tells_its_size(made) -> None:  # type: ignore[no-untyped-def]
    assert size_of(made(1920, 1080)) == (1920, 1080)


@pytest.mark.parametrize(
    ("wide", "high", "old", "new"),
    [
        (1000, 1000, 1334, 1334),  # 36 * 36 = 1,296 patches; 1,000,000 / 750 = 1,333.3
        (1920, 1080, 1_600, 2765),  # 69 * 39 = 2,691; 2,073,600 / 750 = 2,764.8
        (4000, 4000, 1_600, 4_784),
        (1, 1, 1, 1),
        (2800, 10, 100, 100),  # 100 * 1 patches; 37.3
    ],
)
def test_the_larger_of_both_formulas_counts_up_to_the_most(wide: int, high: int, old: int, new: int) -> None:
    assert (old, new) == (tokens_of_image(png(wide, high), OLD), tokens_of_image(png(wide, high), NEW))


@pytest.mark.parametrize(
    "data",
    [None, "", "####", encoded(b"BM" + b"\0" * 50), png(0, 5), png(5, 5)[:20], "é", encoded(b"\xff\xd8\xff\xda\0\0")],
)
def test_what_tells_no_size_counts_as_the_largest(data: str | None) -> None:
    assert tokens_of_image(data, OLD) == 1_600
    assert tokens_of_image(data, NEW) == 4_784


@given(
    st.binary(max_size=60), st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"\xff\xd8", b"RIFF\0\0\0\0WEBP"])
)
def test_any_bytes_are_an_image_of_some_size(data: bytes, head: bytes) -> None:
    assert 0 < tokens_of_image(encoded(head + data), NEW) <= 4_784
