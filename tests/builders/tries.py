"""How often a property is tried: by the profile of Hypothesis, a fifth of the times in daily work."""

from hypothesis import settings

ALL = 100
"""What the profile `thorough` has: each property is tried as often as it says."""
FEWEST = 10
"""Where it says more than that."""


def tries(number: int) -> int:
    """For `max_examples`: what the profile makes of a number of tries."""
    return max(min(number, FEWEST), number * settings.default.max_examples // ALL)
