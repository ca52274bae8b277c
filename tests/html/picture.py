"""The picture of the HTML report in its documentation: python -m tests.html.picture. Needs `chromium`, and Pillow of the group `docs`.

Of a made-up run: the top of the page, on a screen as wide as a laptop's.
"""

import subprocess
import tempfile
from pathlib import Path

from PIL import Image

from pytest_claude_budget.files.html_looks import packaged_looks
from pytest_claude_budget.render.html_page import page
from tests.golden.look import CHROMIUM
from tests.html.full import full

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "html-report.png"
WIDTH, HEIGHT = 1180, 1340


def main() -> None:
    """Write the picture."""
    of = {**full(), "levers": []}
    with tempfile.TemporaryDirectory() as scratch:
        html, picture = Path(scratch) / "page.html", Path(scratch) / "page.png"
        html.write_text(page(of, packaged_looks()).replace("<img onerror=x>", "answer"), encoding="utf-8")
        size = [f"--window-size={WIDTH},{HEIGHT}", "--disable-lcd-text", "--virtual-time-budget=2000"]
        own = [*size, f"--user-data-dir={scratch}/profile", f"--screenshot={picture}", html.as_uri()]
        subprocess.run([*CHROMIUM, *own], check=True, stderr=subprocess.DEVNULL)
        Image.open(picture).convert("RGB").quantize(48).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
