"""A full hub with mutual TLS in a process of its own, so that its memory and its delays are its own.

Run as `python -m support.hostile.hub_process FOLDER SITES`: beside the populated hub's, so many sites of
honest parties. It writes its authority, everybody's certificates, what there is and at last its port into the
folder, and serves until its standard input ends.
"""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path

from support.market import agent_of
from support.populated_hub import CALLERS, populated_market
from support.role_matrix.subjects import subjects
from support.tls_serving import served_with_tls

from vpp.hub.quota_settings import QuotaSettings
from vpp.rpc.garbage import settle


def honest_sites(count: int) -> list[str]:
    """Return the ids of the honest parties' sites."""
    return [f"honest-{number:02}" for number in range(count)]


async def _serve(folder: Path, count: int) -> None:
    market = populated_market(folder)
    for site_id in honest_sites(count):
        market.enrol(site_id, days=1)
    callers = CALLERS | {agent_of(site_id).principal_id: agent_of(site_id) for site_id in honest_sites(count)}
    async with served_with_tls(market, folder, callers=callers, quotas=QuotaSettings()) as secure:
        (folder / "authority.pem").write_bytes(secure.authority.pem)
        (folder / "authority.key").write_bytes(secure.authority.key_pem)
        for who in callers:
            held = secure.certificate(who)
            (folder / f"{who}.pem").write_bytes(held.pem)
            (folder / f"{who}.key").write_bytes(held.key_pem)
        known = {site_id: asdict(subject) for site_id, subject in subjects(market.units).items()}
        (folder / "subjects.json").write_text(json.dumps(known), encoding="utf-8")
        settle()
        (folder / "port.part").write_text(secure.address.rpartition(":")[2], encoding="ascii")
        (folder / "port.part").replace(folder / "port")
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
