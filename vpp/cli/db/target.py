"""Which database a command is about: a file, or a URL that stands in a file, never on the command line."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vpp.foundation.errors import InvalidInput

if TYPE_CHECKING:
    from vpp.foundation.sealing_keys import SealingKeys
    from vpp.storage.engine import Database

SqliteOption = Annotated[
    Path | None, typer.Option("--sqlite", dir_okay=False, help="A SQLite file.", show_default=False)
]
UrlFileOption = Annotated[
    Path | None,
    typer.Option(
        "--url-file",
        envvar="VPP_DATABASE_URL_FILE",
        exists=True,
        dir_okay=False,
        help="A file that holds the database's URL: it may hold a password, which no command line should.",
        show_default=False,
    ),
]
KeyOption = Annotated[
    Path | None,
    typer.Option(
        "--key-file",
        exists=True,
        dir_okay=False,
        help="Key that the backup is sealed with, made by `vpp keys create --sealing`; keep it elsewhere.",
        show_default=False,
    ),
]


def engine_of(sqlite: Path | None, url_file: Path | None) -> "Database":
    """Return the engine of the database that the options name, or else VPP_DATABASE_URL.

    Raises:
        InvalidInput: They name none, or two.
    """
    from vpp.storage.engine import make_engine  # noqa: PLC0415  the operator's commands start faster without it

    url = os.environ.get("VPP_DATABASE_URL", "")
    if sqlite is None and url_file is None and url:
        return make_engine(url, application_name="vpp-db")
    if (sqlite is None) == (url_file is None):
        raise InvalidInput(
            "expected one of --sqlite FILE and --url-file FILE, or the environment's VPP_DATABASE_URL, "
            "to say which database"
        )
    if sqlite is not None:
        return make_engine(f"sqlite:///{sqlite}", application_name="vpp-db")
    assert url_file is not None, "one of the two is there"  # noqa: S101  for the types
    return make_engine(url_file.read_text(encoding="utf-8").strip(), application_name="vpp-db")


def keys_of(file: Path | None) -> "SealingKeys | None":
    """Return the keys of a file; None without one."""
    from vpp.foundation.sealing_keys import read_sealing_keys  # noqa: PLC0415  as above

    return None if file is None else read_sealing_keys(file.read_text(encoding="utf-8"), str(file))
