"""Pictures of the expected comments, as GitHub would show them: python -m tests.golden.look FOLDER [WIDTH] [NAME ...].

Needs `cmark-gfm` and `chromium`, both Debian packages. Tests say that a page is right; only an eye says that it is clear.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

PAGES = Path(__file__).parent / "markdown"
CMARK = ["cmark-gfm", "--unsafe", *(word for name in ("table", "strikethrough", "autolink") for word in ("-e", name))]
CHROMIUM = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
CHROMIUM += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"]
# After GitHub's own look: its column for comments, its sizes, its tables that scroll when they are too wide.
STYLE = """
body { margin: 16px; font: 14px/1.5 "Liberation Sans", "DejaVu Sans", sans-serif; color: #1f2328; overflow-wrap: break-word }
h3 { font-size: 1.25em; margin: 0 0 16px; line-height: 1.25 }
p, ul, table, details, pre { margin: 0 0 16px } ul { padding-left: 2em }
code, pre { font: 85% "Liberation Mono", monospace; background: #818b981f; border-radius: 6px }
code { padding: .2em .4em; white-space: break-spaces } pre { padding: 16px; overflow: auto } pre code { background: none; padding: 0 }
table { display: block; width: max-content; max-width: 100%; overflow: auto; border-spacing: 0; border-collapse: collapse }
th, td { padding: 6px 13px; border: 1px solid #d1d9e0 } tr:nth-child(2n) { background: #f6f8fa }
a { color: #0969da }
"""


def look(page: Path, folder: Path, width: int) -> None:
    """Make one picture."""
    body = subprocess.run(CMARK, input=page.read_bytes(), stdout=subprocess.PIPE, check=True).stdout.decode()
    body = body.replace("<details>", "<details open>")
    with tempfile.TemporaryDirectory() as scratch:
        html = Path(scratch) / "page.html"
        html.write_text(f"<!doctype html><meta charset=utf-8><style>{STYLE}</style>{body}", encoding="utf-8")
        size, picture = f"--window-size={width},1600", folder / f"{page.stem}-{width}.png"
        own = [f"--user-data-dir={scratch}/profile", size, f"--screenshot={picture}", html.as_uri()]
        subprocess.run([*CHROMIUM, *own], check=True, stderr=subprocess.DEVNULL)
    print(picture)


def main(folder: str, width: str = "760", *names: str) -> None:
    """Make a picture of each page, or of those that are named."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for page in sorted(PAGES.glob("*.md")):
        if not names or page.stem in names:
            look(page, Path(folder).resolve(), int(width))


if __name__ == "__main__":
    main(*sys.argv[1:])
