"""Runs `vpp` against a hub that serves in this process, as one of its callers."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

from click.testing import Result
from support.serving import Served
from typer.testing import CliRunner

from vpp.cli.main import app

Command: TypeAlias = Callable[..., Awaitable[Result]]
"""Called with a caller, whose token is the caller's name, and the words that follow the group's options."""


def command_of(hub: Served, folder: Path, group: str, *words: str) -> Command:
    """Return what runs a command of a group; a refusal of the hub is the result's exception.

    Args:
        hub: It listens in the clear.
        folder: Where tokens are written.
        group: What follows `vpp` and takes the options that say where the hub is.
        words: What follows those.
    """

    async def run(caller: str, *arguments: object) -> Result:
        token = folder / f"{caller}.token"
        token.write_text(caller)
        head = [group, "--plaintext", "--hub", hub.address, "--token-file", str(token), *words]
        return await asyncio.to_thread(CliRunner().invoke, app, [*head, *map(str, arguments)])

    return run
