"""Build the documents as a site: python -m docs.site.

`build/docs` is what Zensical reads: the README as the first page, every page below docs/, files that they link to, and the reference that is
made from the schemas, `--help` and action.yml. `build/site` is the site. A link or an anchor that leads nowhere fails the build.
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from docs.site.navigation import navigation
from docs.site.reference import reference_pages
from docs.site.sources import Sources

_ASKS = re.compile(
    r"<(?:script|img|link|iframe|source|video)\b[^>]*\s(?:src|href)=[\"'](?:https?:)?//[^>]*>|url\([\"']?(?:https?:)?//[^)]*\)"
)
"""What makes a browser ask another host as it shows a page."""

ROOT = Path(__file__).parents[2]
TARGET = ROOT / "build"
ASSETS = ("extra.css",)


def asked_of_others(site: Path) -> list[str]:
    """Each request that a page would make of another host, with its file: none is wanted."""
    files = [path for kind in ("*.html", "*.css") for path in sorted(site.rglob(kind))]
    return [
        f"{path}: asks another host: {found}"
        for path in files
        for found in _ASKS.findall(path.read_text(encoding="utf-8"))
    ]


def main() -> int:
    """Write what Zensical reads, and start it."""
    pages, folder = TARGET / "docs", TARGET / "docs" / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    made = reference_pages(ROOT)
    written = Sources(ROOT, made).write(folder)
    for name in ASSETS:
        shutil.copy(Path(__file__).with_name(name), folder / name)
    settings = Path(__file__).with_name("zensical.toml").read_text(encoding="utf-8")
    (pages / "zensical.toml").write_text(settings.replace("nav = []\n", navigation(written)), encoding="utf-8")
    zensical = Path(sys.executable).with_name("zensical")
    status = subprocess.run([str(zensical), "build", "--clean", "--strict"], cwd=pages, check=False).returncode
    if status != 0:
        return status
    shutil.rmtree(TARGET / "site", ignore_errors=True)
    shutil.move(pages / "site", TARGET / "site")
    outside = asked_of_others(TARGET / "site")
    print("\n".join(outside) or f"{len(written)} pages. To read them: python3 -m http.server -d {TARGET / 'site'}")
    return 1 if outside else 0


if __name__ == "__main__":
    sys.exit(main())
