"""One attack in a process of its own, so that the abuser's work is not the honest callers' delay.

Run as `python -m support.abuse.attack_process FOLDER WHO NAME [REPEATS]`; prints what the hub did.
"""

import asyncio
import ssl
import sys
from pathlib import Path

from support.abuse.attacks import ATTACKS
from support.abuse.raw_connection import Target


def target_in(folder: Path, who: str) -> Target:
    """Return the hub whose process wrote into a folder, with a caller's certificate."""
    context = ssl.create_default_context(cafile=folder / "authority.pem")
    context.load_cert_chain(folder / f"{who}.pem", folder / f"{who}.key")
    context.set_alpn_protocols(["h2"])
    return Target("127.0.0.1", int((folder / "port").read_text()), context)


async def _attack(folder: Path, who: str, name: str, repeats: int) -> None:
    for _ in range(repeats):
        try:
            said = await ATTACKS[name](target_in(folder, who))
        except (OSError, EOFError) as error:
            said = f"there was no connection: {error!r}"
    print(said)  # noqa: T201  the outcome is what the process is for


if __name__ == "__main__":
    repeats = int(sys.argv[4]) if len(sys.argv) > 4 else 1
    asyncio.run(_attack(Path(sys.argv[1]), sys.argv[2], sys.argv[3], repeats))
