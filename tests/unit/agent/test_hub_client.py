from pathlib import Path

import pytest
from pydantic import ValidationError
from support.agent_site import write_site

from vpp.agent.hub_client import CHANNEL_OPTIONS, HubClient


def test_the_channel_is_kept_alive_as_the_hub_allows() -> None:
    options = dict(CHANNEL_OPTIONS)
    assert (options["grpc.keepalive_time_ms"], options["grpc.keepalive_timeout_ms"]) == (10_000, 5_000)
    assert options["grpc.use_local_subchannel_pool"] == 1


def test_a_token_never_leaves_the_machine_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match=r"plaintext is for this machine alone.*hub\.tls"):
        write_site(tmp_path, hub__address="hub.example:50051")


async def test_the_token_travels_as_a_bearer(tmp_path: Path) -> None:
    settings = write_site(tmp_path)
    token = (settings.folder / "token").read_text().strip()
    async with HubClient(settings) as client:
        assert client.metadata == (("authorization", f"Bearer {token}"),)
