"""Why a try brought no answer: a closed list of kinds. The words of an error are read where it passes, and kept nowhere."""

from enum import StrEnum


class Failure(StrEnum):
    """What kind of failure it was, by who can mend it."""

    AUTHENTICATION = "authentication"
    """The key is missing, wrong or may not do this."""
    BILLING = "billing"
    """No credit is left, or a limit of spending is reached."""
    MODEL = "model"
    """There is no model of this name, or not for this account."""
    CONTEXT_LENGTH = "context_length"
    """The request is too long for the model, or for the API."""
    MALFORMED = "malformed"
    """The API refuses the request for something else that stands in it."""
    RATE_LIMIT = "rate_limit"
    """Too many requests or tokens a minute."""
    OVERLOADED = "overloaded"
    """The service has no room at this moment."""
    SERVER = "server"
    """The service failed, or took too long."""
    CONNECTION = "connection"
    """Nothing answered: a name, a route, a proxy or a certificate."""
    OTHER = "other"
    """All else, and what cannot be told."""
