"""What goes in the clear stays on the machine, whatever the environment says of proxies."""

import asyncio
from contextlib import suppress
from pathlib import Path

import grpc
import pytest
from support.agent_site import write_site

from vpp.agent.hub_client import HubClient
from vpp.cli.connection import HubAddress, connect
from vpp.v1.portfolio_pb2 import ListSitesRequest


async def test_no_proxy_is_told_of_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(1000))
        writer.close()

    proxy = await asyncio.start_server(listen, "127.0.0.1", 0)
    port = proxy.sockets[0].getsockname()[1]
    for variable in ("http_proxy", "https_proxy", "grpc_proxy"):
        monkeypatch.setenv(variable, f"http://127.0.0.1:{port}")
    for variable in ("no_proxy", "no_grpc_proxy"):
        monkeypatch.delenv(variable, raising=False)
    nobody = "127.0.0.1:1"  # no hub is needed: a proxy would be asked for it
    async with HubClient(write_site(tmp_path, hub__address=nobody)) as client:
        with suppress(grpc.aio.AioRpcError):
            await client.prove("sites/a")
    connection = connect(HubAddress(nobody, "open-sesame"))
    with suppress(grpc.RpcError):
        await asyncio.to_thread(connection.call, connection.portfolio.ListSites, ListSitesRequest())
    connection.close()
    proxy.close()
    assert heard == []
