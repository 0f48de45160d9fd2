"""A hub with mutual TLS in a process of its own, so that its memory and its delays are its own.

Run as `python -m support.abuse.hub_process FOLDER`; it writes certificates and then its port there, and
serves until its standard input ends.
"""

import asyncio
import sys
from pathlib import Path

from support.market import make_market
from support.tls_serving import CALLERS, served_with_tls

from vpp.hub.quota_settings import QuotaSettings
from vpp.rpc.garbage import settle
from vpp.workflows.identity import Principal, Role

MANY = tuple(f"owner-a-{number}" for number in range(40))
"""Further principals of one party."""
_ALL = dict(CALLERS) | {who: Principal(who, "owner-a", None, frozenset({Role.SITE_OWNER})) for who in MANY}


async def _serve(folder: Path) -> None:
    market = make_market(folder)
    market.enrol("a", days=1)
    market.enrol("b", days=1)
    async with served_with_tls(market, folder, quotas=QuotaSettings(), callers=_ALL) as secure:
        (folder / "authority.pem").write_bytes(secure.authority.pem)
        for who in _ALL:
            held = secure.certificate(who)
            (folder / f"{who}.pem").write_bytes(held.pem)
            (folder / f"{who}.key").write_bytes(held.key_pem)
        settle()
        port = secure.address.rpartition(":")[2]
        (folder / "port.part").write_text(port)
        (folder / "port.part").replace(folder / "port")
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
