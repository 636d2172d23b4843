"""Lines of JSON over a Unix socket, with open files beside them: how the warm process and its users talk."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_ROOM = 65536
_MOST_FILES = 3


def send(connection: socket.socket, message: Mapping[str, Any], files: Sequence[int] = ()) -> None:
    """Send one message, and open files with its first bytes."""
    data = json.dumps(message).encode() + b"\n"
    rest = data[socket.send_fds(connection, [data], list(files)) :] if files else data
    if rest:
        connection.sendall(rest)


class Lines:
    """What arrives over a connection, one message at a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection, self._rest = connection, b""
        self.files: list[int] = []
        self.ended = False

    def next(self) -> dict[str, Any] | None:
        """Wait for the next message as long as the connection's own time-out allows; None at its end."""
        while b"\n" not in self._rest and not self.ended:
            self._receive()
        return self._take()

    def arrived(self) -> Iterator[dict[str, Any]]:
        """Receive once, and yield every message that is whole by then."""
        self._receive()
        while (message := self._take()) is not None:
            yield message

    def _receive(self) -> None:
        data, files, _, _ = socket.recv_fds(self._connection, _ROOM, _MOST_FILES)
        self.files += files
        self._rest += data
        self.ended = not data

    def _take(self) -> dict[str, Any] | None:
        line, end, rest = self._rest.partition(b"\n")
        if not end:
            return None
        self._rest = rest
        message: dict[str, Any] = json.loads(line)
        return message
