"""The picture of the comment that the README shows: python -m tests.golden.picture.

It is made of the expected page `over.md`, up to its folds, and bears that page's hash, so that a test can tell when it is out of date.
Needs `cmark-gfm` and `chromium`, both Debian packages, and Pillow, of the dependency group `docs`.
"""

import hashlib
import subprocess
import tempfile
from pathlib import Path

from PIL import Image, ImageChops
from PIL.PngImagePlugin import PngInfo

from tests.golden.look import CHROMIUM, CMARK, PAGES, STYLE

PAGE = PAGES / "over.md"
PICTURE = Path(__file__).parents[2] / "docs" / "images" / "comment.png"
WIDTH, SCALE = 860, 2
FRAME = """
body { margin: 0; padding: 12px; width: 836px; box-sizing: border-box; background: #fff }
.box { border: 1px solid #d1d9e0; border-radius: 6px; width: 810px }
.head { background: #f6f8fa; border-bottom: 1px solid #d1d9e0; border-radius: 6px 6px 0 0; padding: 8px 16px; color: #59636e }
.head b { color: #1f2328 } .bot { border: 1px solid #d1d9e0; border-radius: 2em; padding: 0 7px; font-size: 12px }
.text { padding: 16px 16px 0 }
"""


def screenshot(html: Path, target: Path, scratch: str) -> None:
    """Of the whole page, on more white than it needs."""
    size = [f"--window-size={WIDTH},1400", f"--force-device-scale-factor={SCALE}", "--disable-lcd-text"]
    own = [*size, f"--user-data-dir={scratch}/profile", f"--screenshot={target}", html.as_uri()]
    subprocess.run([*CHROMIUM, *own], check=True, stderr=subprocess.DEVNULL)


def main() -> None:
    """Write the picture."""
    source = PAGE.read_bytes()
    shown = source.partition(b"<details>")[0]
    body = subprocess.run(CMARK, input=shown, stdout=subprocess.PIPE, check=True).stdout.decode()
    head = '<div class="head"><b>github-actions</b> <span class="bot">bot</span> commented</div>'
    style = f"<!doctype html><meta charset=utf-8><style>{STYLE}{FRAME}</style>"
    with tempfile.TemporaryDirectory() as scratch:
        html, picture = Path(scratch) / "page.html", Path(scratch) / "page.png"
        html.write_text(f'{style}<div class="box">{head}<div class="text">{body}</div></div>', encoding="utf-8")
        screenshot(html, picture, scratch)
        image = Image.open(picture).convert("RGB")
    used = ImageChops.difference(image, Image.new("RGB", image.size, "white")).getbbox()
    assert used is not None
    margin = 12 * SCALE
    image = image.crop((0, 0, min(image.width, used[2] + margin), used[3] + margin))
    facts = PngInfo()
    facts.add_text("Source", f"tests/golden/markdown/{PAGE.name} sha256 {hashlib.sha256(source).hexdigest()}")
    PICTURE.parent.mkdir(exist_ok=True)
    image.quantize(32).save(PICTURE, optimize=True, pnginfo=facts)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes, {image.width} x {image.height}")


if __name__ == "__main__":
    main()
