"""Where an answer came from. A module of its own: every run with a budget file loads it, and most never see an answer."""

from enum import StrEnum


class Origin(StrEnum):
    """Did the exchange reach a remote host?"""

    LIVE = "live"
    SIMULATED = "simulated"
