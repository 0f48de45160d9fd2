"""A socket for Modbus TCP that takes an answer only for what was asked, and only in time.

pysunspec2 numbers its requests all alike, does not look at an answer's number, unit or function, and waits
for its timeout anew after every byte. So its requests get numbers here, answers are held against them, and
one deadline counts for the whole of an answer.

Source: MODBUS Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3 (MBAP header); MODBUS Application
Protocol Specification V1.1b3, sections 6.3, 6.6, 6.12 and 7.
"""

import socket
import struct

from sunspec2.modbus.modbus import ModbusClientError

from vpp.foundation.clock import stopwatch_s

HEAD = struct.Struct(">HHHBB")
"""Number, protocol, length of what follows, unit, function."""
WRITES = frozenset({6, 16})
EXCEPTION = 0x80


class CheckedSocket:
    """Stands in for the socket of pysunspec2's client."""

    def __init__(self, connected: socket.socket, timeout_s: float) -> None:
        """Take a connected socket.

        Args:
            connected: The library's own.
            timeout_s: For the whole of each answer, s of the machine.
        """
        self._socket = connected
        self._timeout_s = timeout_s
        self._number = 0
        self._request = b""
        self._deadline_s = 0.0

    def sendall(self, request: bytes) -> None:
        """Send a request under a number of its own."""
        self._number = (self._number + 1) % 0x10000
        self._request = struct.pack(">H", self._number) + request[2:]
        self._deadline_s = stopwatch_s() + self._timeout_s
        self._socket.settimeout(self._timeout_s)
        self._socket.sendall(self._request)

    def recv(self, size: int) -> bytes:
        """Return a part of the answer; the first one is its head, which must be that of the request's answer.

        Raises:
            ModbusClientError: It answers something else.
            OSError: It does not answer in time.
        """
        request, self._request = self._request, b""
        if not request:
            return self._part(size)
        head = b""
        while len(head) < HEAD.size:
            part = self._part(HEAD.size - len(head))
            if not part:
                raise ModbusClientError("the connection was closed")
            head += part
        self._check(request, head)
        return head

    def _part(self, size: int) -> bytes:
        left_s = self._deadline_s - stopwatch_s()
        if left_s <= 0.0:
            raise TimeoutError("the answer did not end in time")
        self._socket.settimeout(left_s)
        return self._socket.recv(size)

    def _check(self, request: bytes, head: bytes) -> None:
        number, protocol, length, unit, function = HEAD.unpack(head)
        asked_number, _, _, asked_unit, asked_function = HEAD.unpack(request[: HEAD.size])
        (count,) = struct.unpack(">H", request[HEAD.size + 2 : HEAD.size + 4])
        expected = 6 if asked_function in WRITES else 3 + 2 * count
        if function == asked_function | EXCEPTION:
            function, expected = asked_function, 3
        if (number, protocol, unit, function, length) != (
            asked_number,
            0,
            asked_unit,
            asked_function,
            expected,
        ):
            raise ModbusClientError("answers something else than it was asked")

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
