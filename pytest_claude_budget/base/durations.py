"""How a length of time is shown."""

_HOUR = 3600
"""Seconds."""


def running_time(microhours: int) -> str:
    """Say millionths of an hour: with a tenth of a second below a minute, else in its two largest units."""
    tenths = round(microhours * _HOUR / 100_000)
    if tenths < 600:
        return f"{tenths / 10:g} s"
    minutes, seconds = divmod((tenths + 5) // 10, 60)
    return f"{minutes} min {seconds} s" if minutes < 60 else f"{minutes // 60:,} h {minutes % 60} min"
