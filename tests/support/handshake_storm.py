"""Handshakes with a hub's port, one after the other over many connections; run as a program of its own.

Prints how many ended, in whichever way: whoever shows no certificate is refused at the end of the handshake.
"""

import asyncio
import ssl
import sys
from pathlib import Path

from vpp.foundation.clock import stopwatch_s


async def storm(address: str, folder: Path, *, seconds: float, side_by_side: int, shown: bool) -> int:
    """Shake hands again and again.

    Args:
        address: Host and port.
        folder: Holds ca.pem, and caller.pem and caller.key if a certificate is shown.
        seconds: For how long, s.
        side_by_side: Connections at a time.
        shown: Whether a certificate is shown.

    Returns:
        How many handshakes ended.
    """
    host, _, port = address.rpartition(":")
    ends_s = stopwatch_s() + seconds
    count = 0

    async def again() -> None:
        nonlocal count
        while stopwatch_s() < ends_s:
            context = ssl.create_default_context(cafile=str(folder / "ca.pem"))  # no session to go on from
            context.set_alpn_protocols(["h2"])
            if shown:
                context.load_cert_chain(folder / "caller.pem", folder / "caller.key")
            try:
                reader, writer = await asyncio.open_connection(host, int(port), ssl=context)
                await reader.read(1)  # the hub's first frame, or its end: in TLS 1.3 a refusal comes last
                writer.transport.abort()
            except OSError:
                pass
            count += 1

    await asyncio.gather(*(again() for _ in range(side_by_side)))
    return count


if __name__ == "__main__":
    print(  # noqa: T201  the answer of this program
        asyncio.run(
            storm(
                sys.argv[1],
                Path(sys.argv[2]),
                seconds=float(sys.argv[3]),
                side_by_side=16,
                shown=sys.argv[4] == "shown",
            )
        )
    )
