"""PostgreSQL's own programs, which copy and restore its databases."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import URL

from vpp.foundation.errors import BrokenPromise, InvalidInput

TOOLS_VARIABLE = "VPP_POSTGRESQL_TOOLS"
"""Environment variable that names the folder of PostgreSQL's programs, where PATH does not."""
_LAST_WORDS = 400
_VARIABLES = {
    "channel_binding": "PGCHANNELBINDING",
    "gssencmode": "PGGSSENCMODE",
    "hostaddr": "PGHOSTADDR",
    "passfile": "PGPASSFILE",
    "require_auth": "PGREQUIREAUTH",
    "service": "PGSERVICE",
    "sslcert": "PGSSLCERT",
    "sslcrl": "PGSSLCRL",
    "sslkey": "PGSSLKEY",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "ssl_min_protocol_version": "PGSSLMINPROTOCOLVERSION",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
"""What a URL may ask of the connection: a program that was not told would take one without TLS."""


def find_tool(name: str) -> Path:
    """Return where one of PostgreSQL's programs is.

    Raises:
        InvalidInput: It is not on this machine.
    """
    folder = os.environ.get(TOOLS_VARIABLE)
    found = shutil.which(name, path=folder or None)
    if found is None:
        raise InvalidInput(
            f"{name} is not in {folder or 'PATH'}, expected PostgreSQL's own programs: install its client, "
            f"or name their folder in {TOOLS_VARIABLE}",
            program=name,
        )
    return Path(found)


def run_tool(name: str, arguments: Sequence[str], url: URL) -> None:
    """Run one of PostgreSQL's programs on a database.

    The password goes by the environment: the command line is everybody's to read.

    Raises:
        InvalidInput: The program is not on this machine.
        BrokenPromise: It failed; says how, without the password.
    """
    tool = find_tool(name)
    where = {_VARIABLES.get(key, ""): str(value) for key, value in url.query.items()} | {
        "PGHOST": str(url.query.get("host", url.host or "")),
        "PGPORT": str(url.port or url.query.get("port", "")),
        "PGUSER": url.username or "",
        "PGPASSWORD": url.password or "",
        "PGDATABASE": url.database or "",
    }
    environment = os.environ | {key: value for key, value in where.items() if key and value}
    done = subprocess.run(  # noqa: S603  our own arguments, no shell
        [str(tool), *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = done.stderr.strip()
        if url.password:
            said = said.replace(url.password, "***")
        said = said[-_LAST_WORDS:]
        raise BrokenPromise(f"{name} failed: {said}", program=name)
