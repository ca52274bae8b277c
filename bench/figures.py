"""What was measured, beside what was promised; and the arithmetic that turns noisy runs into one figure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Line:
    """One figure."""

    what: str
    measured: str
    limit: str = ""
    """Empty where nothing was promised: the figure stands there to compare with."""
    least: bool = False
    """The limit is the least, rather than the most, that was promised."""
    met: bool | None = None
    numbers: Mapping[str, float] = field(default_factory=dict)
    """The same for programs; the unit is in each name."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """Figures that belong together."""

    title: str
    how: str
    lines: Sequence[Line]


@dataclass(frozen=True, kw_only=True)
class Compared:
    """The same work without us and with us, many times in turn."""

    without: float
    """Median seconds."""
    added: float
    """Median of what each run with us took longer than the one beside it, in seconds."""

    @property
    def ratio(self) -> float:
        """What we add, as a part of the work itself."""
        return self.added / self.without

    def __str__(self) -> str:
        return f"{shown(self.without)} without us, {shown(self.added, sign=True)} ({self.ratio:+.1%}) with us"

    def numbers(self) -> dict[str, float]:
        """For programs."""
        return {"without_seconds": self.without, "added_seconds": self.added, "added_ratio": self.ratio}


def compared(pairs: Sequence[tuple[float, float]]) -> Compared:
    """Compare runs in pairs, so that what else the machine does moves both of a pair alike."""
    return Compared(
        without=median(without for without, _ in pairs), added=median(with_us - without for without, with_us in pairs)
    )


def held(
    what: str, found: Compared, *, ratio: float | None = None, seconds: float | None = None, either: bool = False
) -> Line:
    """Hold what we add to limits: a part of the work itself, seconds, or both; one of the two where `either` says so."""
    limits = [f"{100 * ratio:g}%"] if ratio is not None else []
    limits += [shown(seconds)] if seconds is not None else []
    kept = [found.ratio <= ratio] if ratio is not None else []
    kept += [found.added <= seconds] if seconds is not None else []
    met = any(kept) if either else all(kept)
    return Line(
        what=what,
        measured=str(found),
        limit=(" or " if either else " and ").join(limits),
        met=met if limits else None,
        numbers=found.numbers(),
    )


def shown(seconds: float, *, sign: bool = False) -> str:
    """Show a time in the unit that suits it."""
    size = abs(seconds)
    unit, factor, places = ("s", 1.0, 2) if size >= 1 else ("ms", 1e3, 1) if size >= 1e-3 else ("µs", 1e6, 1)
    return f"{seconds * factor:{'+' if sign else ''}.{places}f} {unit}"


def as_text(figure: Figure) -> str:
    """Lay a figure out for a terminal."""
    rows = [figure.title, f"  {figure.how}"]
    for line in figure.lines:
        verdict = {True: "met", False: "MISSED", None: "no limit"}[line.met]
        promised = f" · at {'least' if line.least else 'most'} {line.limit}" if line.limit else ""
        rows.append(f"  [{verdict:^8}] {line.what}: {line.measured}{promised}")
    return "\n".join(rows)


def as_json(figure: Figure) -> dict[str, object]:
    """Lay a figure out for a program."""
    return {
        "title": figure.title,
        "how": figure.how,
        "lines": [
            {"what": line.what, "measured": line.measured, "limit": line.limit, "met": line.met, **line.numbers}
            for line in figure.lines
        ],
    }
