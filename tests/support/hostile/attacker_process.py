"""The hostile party in a process of its own: reads numbers of attacks, answers with what they came to.

Run as `python -m support.hostile.attacker_process FOLDER`, the folder being the hub process's.
"""

import asyncio
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from support.certificates import TestAuthority
from support.hostile.attack import tried
from support.hostile.every_attack import ATTACKS
from support.hostile.tenant import Tenant
from support.role_matrix.subjects import Subject


def tenant_in(folder: Path) -> Tenant:
    """Return the hostile party that knows what the hub process wrote down."""
    key = load_pem_private_key((folder / "authority.key").read_bytes(), None)
    authority = TestAuthority.kept(key, (folder / "authority.pem").read_bytes())
    known = json.loads((folder / "subjects.json").read_text(encoding="utf-8"))
    address = f"127.0.0.1:{(folder / 'port').read_text(encoding='ascii')}"
    return Tenant(address, authority, {site_id: Subject(**ids) for site_id, ids in known.items()})


async def _attack(folder: Path) -> None:
    tenant = tenant_in(folder)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        outcome = await tried(ATTACKS[int(line)], tenant)
        sys.stdout.write(json.dumps([outcome.is_held, outcome.said]) + "\n")
        sys.stdout.flush()
    await tenant.close()


if __name__ == "__main__":
    asyncio.run(_attack(Path(sys.argv[1])))
