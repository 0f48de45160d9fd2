from pathlib import Path

import pytest
from support.agent_site import write_site

from vpp.agent.hub_client import CHANNEL_OPTIONS, HubClient, is_local
from vpp.foundation.errors import InvalidInput


def test_the_channel_is_kept_alive_as_the_hub_allows() -> None:
    options = dict(CHANNEL_OPTIONS)
    assert (options["grpc.keepalive_time_ms"], options["grpc.keepalive_timeout_ms"]) == (10_000, 5_000)
    assert options["grpc.use_local_subchannel_pool"] == 1


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("localhost:50051", True),
        ("127.0.0.1:50051", True),
        ("[::1]:1", True),
        ("unix:/run/vpp", True),
        ("10.0.0.1:50051", False),
        ("hub.example:443", False),
    ],
)
def test_only_this_machine_is_local(address: str, *, expected: bool) -> None:
    assert is_local(address) is expected


async def test_a_token_never_leaves_the_machine_in_the_clear(tmp_path: Path) -> None:
    settings = write_site(tmp_path, hub__address="hub.example:50051")
    with pytest.raises(InvalidInput, match=r"hub\.tls"):
        HubClient(settings)


async def test_the_token_travels_as_a_bearer(tmp_path: Path) -> None:
    settings = write_site(tmp_path)
    token = (settings.folder / "token").read_text().strip()
    async with HubClient(settings) as client:
        assert client.metadata == (("authorization", f"Bearer {token}"),)
