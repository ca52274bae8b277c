"""A guard that lets nothing leave, without a run around it."""

from typing import Any, NoReturn


class NotAllowed(BaseException):  # as a refusal is none
    """What it raises."""


class Refusing:
    """Refuses whatever it is asked."""

    def ask(self, ticket: Any, leaving: Any) -> NoReturn:
        raise NotAllowed(leaving.url.host)

    ask_ahead = ask

    def ask_of_host(self, place: Any) -> NoReturn:
        raise NotAllowed(place.host)

    def ask_of_unseen(self, ticket: Any, what: str) -> NoReturn:
        raise NotAllowed(what)
