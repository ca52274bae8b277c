"""The levers of a JSON report read back, as strictly as the rest of it."""

from collections.abc import Mapping
from typing import Any, Protocol

from pytest_claude_budget.advice.lever import Lever, Month, Option, Saving, Shown


class Reader(Protocol):
    """Takes values of a file that anybody may have written. Each raises InputError."""

    def mapping(self, value: object, where: str) -> dict[str, Any]:
        """A JSON object."""

    def each(self, document: Mapping[str, Any], key: str, read: Any) -> Any:
        """The entries of a list, each read."""

    def texts(self, document: Mapping[str, Any], key: str) -> Any:
        """A list of texts."""

    def text(self, entry: Mapping[str, Any], key: str) -> str:
        """A text."""

    def maybe(self, entry: Mapping[str, Any], key: str) -> str | None:
        """A text, or null."""

    def count(self, entry: Mapping[str, Any], key: str) -> int:
        """A whole number from 0 up."""

    def money(self, entry: Mapping[str, Any], key: str) -> Any:
        """Dollars as a text."""


def read_levers(document: Mapping[str, Any], reader: Reader) -> tuple[Lever, ...] | None:
    """Read them; None where nobody looked for any."""
    if document.get("levers") is None:
        return None
    return tuple(reader.each(document, "levers", lambda entry: _lever(entry, reader)))


def _lever(entry: Mapping[str, Any], reader: Reader) -> Lever:
    saving = entry.get("saving")
    return Lever(
        kind=reader.text(entry, "kind"),
        feature=reader.maybe(entry, "feature"),
        model=reader.text(entry, "model"),
        calls=reader.count(entry, "calls"),
        tests=reader.count(entry, "tests"),
        shown_by=tuple(
            reader.each(
                entry,
                "shown_by",
                lambda each: Shown(owner=reader.text(each, "owner"), calls=reader.count(each, "calls")),
            )
        ),
        paid=reader.money(entry, "paid"),
        saving=None if saving is None else _saving(reader.mapping(saving, "saving"), reader),
        month=tuple(reader.each(entry, "month", lambda each: _month(each, reader))),
        month_unknown=reader.text(entry, "month_unknown"),
        text=reader.text(entry, "text"),
        do=reader.text(entry, "do"),
        rests_on=tuple(reader.texts(entry, "rests_on")),
        options=tuple(reader.each(entry, "options", lambda each: _option(each, reader))),
    )


def _option(entry: Mapping[str, Any], reader: Reader) -> Option:
    return Option(
        model=reader.text(entry, "model"),
        saving=_saving(reader.mapping(entry.get("saving"), "saving"), reader),
        month=tuple(reader.each(entry, "month", lambda each: _month(each, reader))),
    )


def _saving(entry: Mapping[str, Any], reader: Reader) -> Saving:
    return Saving(low=reader.money(entry, "low"), high=reader.money(entry, "high"))


def _month(entry: Mapping[str, Any], reader: Reader) -> Month:
    return Month(
        scenario=reader.text(entry, "scenario"),
        requests_per_month=reader.count(entry, "requests_per_month"),
        saving=_saving(entry, reader),
    )
