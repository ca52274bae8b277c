"""What is to become of the comment of an earlier run. By itself, since the list of commands needs no more: `--help` loads little."""

from enum import Enum

DEFAULT_TAG = "default"


class Mode(Enum):
    """What is to become of the comment of an earlier run."""

    UPDATE = "update"
    NEW = "new"
    HIDE_AND_NEW = "hide-and-new"
    OFF = "off"
