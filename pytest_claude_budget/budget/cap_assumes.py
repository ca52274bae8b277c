"""What a budget file lets a cap assume of calls whose cost nobody can know before they are sent, by feature."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from pytest_claude_budget.base.values import value_class
from pytest_claude_budget.bounds.values import Assumptions

KEY = "cap_assumes"
_NAMES = tuple(Assumptions.__slots__)


@value_class(frozen=True, kw_only=True)
class CapAssumes:
    """Assumptions of all calls, and of those of single features."""

    of_all: Assumptions = Assumptions()
    by_feature: Mapping[str, Assumptions] = field(default_factory=dict)
    """What a feature says nothing of is as for all calls."""

    def of(self, feature: str | None) -> Assumptions:
        """What may be assumed of a call."""
        return self.of_all if feature is None else self.by_feature.get(feature, self.of_all)


def read_cap_assumes(value: Mapping[str, Any]) -> CapAssumes:
    """Read the key of a budget that `budget.schema.json` allows."""
    written = value.get(KEY, {})
    of_all = {name: written.get(name) for name in _NAMES}
    features = written.get("features", {})
    return CapAssumes(
        of_all=Assumptions(**of_all),
        by_feature={
            feature: Assumptions(**{name: entry.get(name, of_all[name]) for name in _NAMES})
            for feature, entry in features.items()
        },
    )
