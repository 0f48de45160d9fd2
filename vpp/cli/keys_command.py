"""`vpp keys`: make the keys with which a hub signs what it tells sites, and seals what sites bid."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vpp.cli.key_files import write_key_pair, write_sealing_key
from vpp.foundation.errors import InvalidInput

keys_app = typer.Typer(
    name="keys",
    help="Keys with which a hub signs what it tells sites, and seals what they bid.",
    no_args_is_help=True,
)


@keys_app.command("create")
def run_create(
    *,
    out: Annotated[
        Path,
        typer.Option(help="Where to, without an ending; .key and .pub are added. With --sealing the file."),
    ],
    sealing: Annotated[
        bool, typer.Option("--sealing", help="A key that bids are sealed with, for the hub alone.")
    ] = False,
) -> None:
    """Make a key pair: .key for the hub's settings, .pub for every agent's; or a key that seals bids."""
    console = Console(highlight=False)
    if sealing:
        named = write_sealing_key(out)
        console.print(f"Key {named}", soft_wrap=True)
        console.print(
            f'  {out}  every hub of one database\'s alone:  sealing.key_file = "..."',
            markup=False,
            soft_wrap=True,
        )
        console.print(
            "To change keys, add the new line below the old ones at every hub and start them anew; then put "
            "it first. Keep a copy, never beside a backup of the database.",
            soft_wrap=True,
        )
        return
    files = write_key_pair(out)
    console.print(f"Key {files.key_id}", soft_wrap=True)
    console.print(
        f'  {files.private_file}  the hub\'s alone:  signing.key_file = "..."', markup=False, soft_wrap=True
    )
    console.print(
        f'  {files.public_file}  to every site:    hub.verify_key_file = "..."', markup=False, soft_wrap=True
    )
    console.print("To change keys, let agents trust both first: put both .pub into one file.", soft_wrap=True)


@keys_app.command("show")
def run_show(
    *, file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A .key or .pub file.")]
) -> None:
    """Print the ids of the keys in a file, as messages and logs name them."""
    # The operator's commands start faster without cryptography.
    from vpp.foundation.command_keys import key_id, read_signing_key, read_verify_keys  # noqa: PLC0415
    from vpp.foundation.sealing_keys import PREFIX, read_sealing_keys  # noqa: PLC0415

    content, source = file.read_bytes(), str(file)
    if content.lstrip().startswith(PREFIX.encode()):
        for each in read_sealing_keys(content.decode("utf-8", errors="replace"), source).key_ids:
            typer.echo(each)
        return
    try:
        ids = list(read_verify_keys(content, source))
    except InvalidInput:
        ids = [key_id(read_signing_key(content, source).public_key())]
    for each in ids:
        typer.echo(each)
