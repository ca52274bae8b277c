"""What the fixture tells where something is not known."""

from decimal import Decimal

import pytest

import pytest_claude_budget
from pytest_claude_budget.plugin.fixture import Meter
from pytest_claude_budget.record.totals import Totals


@pytest.fixture
def meter(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Meter:
    """A meter of a test that made a priced call, and one without a price, to a remote host."""
    totals = Totals(calls=2, attempts=2, cost=Decimal("0.0015"), spent=Decimal("0.0015"), unknown=1, unknown_live=1)
    monkeypatch.setattr(Meter, "totals", property(lambda self: totals))
    return Meter(None, None, request.node)


@pytest.mark.parametrize("name", ["cost", "spent"])
def test_what_is_not_known_in_full_cannot_be_read(meter: Meter, name: str) -> None:
    """The message names the test and the bound, which can be read."""
    with pytest.raises(pytest.fail.Exception, match=f"claude_budget.{name}_at_least") as failed:
        getattr(meter, name)
    assert "test_what_is_not_known_in_full_cannot_be_read" in str(failed.value)
    assert getattr(meter, f"{name}_at_least") == Decimal("0.0015")


def test_the_type_of_the_fixture_is_public() -> None:
    """And nothing else but the version; a name that is not there is Python's own error."""
    assert ["Meter", "__version__"] == pytest_claude_budget.__all__
    assert Meter is pytest_claude_budget.Meter
    with pytest.raises(AttributeError, match="module 'pytest_claude_budget' has no attribute 'Metre'"):
        pytest_claude_budget.Metre  # noqa: B018
