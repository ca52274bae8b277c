"""The socket that a gateway listens on. Light: a run makes it, and hands it on to the process that serves."""

import socket

HOST = "127.0.0.1"


def listening(port: int = 0) -> socket.socket:
    """A socket that waits for programs of this machine; port 0 is any that is free. Raises OSError."""
    waiting = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        waiting.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        waiting.bind((HOST, port))
        waiting.listen(128)
    except BaseException:
        waiting.close()
        raise
    return waiting
