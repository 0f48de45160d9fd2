"""The agent over mutual TLS: a renewed certificate is taken up, and nothing is lost or doubled meanwhile."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import grpc
import grpc.aio
import pytest
from support.made_certificates import AGENT, HUB, OPERATOR, issued, new_authority
from support.renewed_agent import renewed_agent, server_credentials, write_tls_site
from support.scripted_hub import ScriptedHub, serve

from vpp.agent.hub_client import HubClient
from vpp.agent.runner import run_site
from vpp.agent.settings import AgentSettings, load_settings
from vpp.cli.certs.authority import Authority
from vpp.cli.certs.profile import Holder
from vpp.foundation.clock import SystemClock, pause
from vpp.foundation.errors import InvalidInput
from vpp.simulator.plant import SimulatedSite
from vpp.v1 import portfolio_pb2

RENEWALS = 3


async def test_renewals_lose_and_double_nothing(tmp_path: Path) -> None:
    with new_authority(tmp_path / "ca", SystemClock().now()) as authority:
        async with renewed_agent(tmp_path, authority) as agent:
            used = [agent.pair.fingerprint]
            telling = asyncio.create_task(agent.keep_telling(every_s=0.02))
            for n in range(RENEWALS):
                used.append(agent.renew().fingerprint)
                await agent.met(n + 2)
            telling.cancel()
            await agent.held()
            assert agent.callers == used  # one session per certificate, each begun with the new one
            assert [hello.resume_sequence for hello in agent.hub.hellos[1:]] != [0] * RENEWALS
            times = Counter(agent.journal.sequences)
            assert dict(times) == dict.fromkeys(range(1, agent.told + 1), 1)
            assert agent.told > 10 * RENEWALS


async def test_a_renewed_certificate_that_is_of_no_use_leaves_the_session_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    now = SystemClock().now()
    caplog.set_level(logging.WARNING, "vpp.agent")
    with (
        new_authority(tmp_path / "ca", now) as authority,
        new_authority(tmp_path / "other", now) as other,
    ):
        strange = issued(other, AGENT, tmp_path / "strange", now)
        elsewhere = issued(authority, OPERATOR, tmp_path / "elsewhere", now)
        async with renewed_agent(tmp_path, authority) as agent:
            certificate_file, key_file = agent.files
            key_file.write_bytes(strange.key_pem)  # half of a replacement
            await _until(lambda: "is not the key of" in caplog.text)
            certificate_file.write_bytes(strange.certificate_pem)  # whole, but of no authority here
            await _until(lambda: "the renewed certificate is of no use: UNAVAILABLE" in caplog.text)
            agent.tell()
            await agent.held()
            key_file.write_bytes(elsewhere.key_pem)
            certificate_file.write_bytes(elsewhere.certificate_pem)
            await _until(lambda: "expected one for site site-001" in caplog.text)
            agent.tell()
            await agent.held()
            assert len(agent.hub.hellos) == 1
            good = issued(authority, AGENT, tmp_path / "good", now)
            key_file.write_bytes(good.key_pem)
            certificate_file.write_bytes(good.certificate_pem)
            await agent.met(2)
            assert agent.callers[-1] == good.fingerprint


async def test_nobody_but_the_hub_can_play_the_hub(tmp_path: Path) -> None:
    """A site's own certificate, another authority's hub, a hub elsewhere, and no TLS at all are refused."""
    now = SystemClock().now()
    with new_authority(tmp_path / "ca", now) as authority, new_authority(tmp_path / "other", now) as other:
        settings = write_tls_site(tmp_path, 1, authority)
        elsewhere = Holder(HUB.name, ("hub.example",))

        def shows(issuer: Authority, holder: Holder, stem: str) -> grpc.ServerCredentials:
            return server_credentials(issued(issuer, holder, tmp_path / stem, now), authority)

        shown = {
            "a site": shows(authority, AGENT, "thief"),
            "an operator": shows(authority, OPERATOR, "staff"),
            "another authority's hub": shows(other, HUB, "twin"),
            "a hub elsewhere": shows(authority, elsewhere, "far"),
            "no TLS": None,
            "the hub": shows(authority, HUB, "true"),
        }
        answers = {who: await _answer(settings, credentials) for who, credentials in shown.items()}
    refused = grpc.StatusCode.UNAVAILABLE
    assert answers == dict.fromkeys(shown, refused) | {"the hub": None}


async def test_an_agent_does_not_start_with_files_that_cannot_be_used(tmp_path: Path) -> None:
    now = SystemClock().now()
    with new_authority(tmp_path / "ca", now) as authority:
        settings = write_tls_site(tmp_path, 1, authority)
    (settings.folder / "site.key").unlink()
    with pytest.raises(InvalidInput, match=r"site\.key cannot be read"):
        await run_site(settings, _no_driver)


def test_a_token_and_a_certificate_do_not_go_together(tmp_path: Path) -> None:
    with new_authority(tmp_path / "ca") as authority:
        settings = write_tls_site(tmp_path, 1, authority)
    config = settings.folder / "site.toml"
    config.write_text(config.read_text().replace("[hub]\n", '[hub]\ntoken_file = "token"\n'))
    with pytest.raises(InvalidInput, match="a token goes with plaintext alone"):
        load_settings(config)


def _no_driver(settings: AgentSettings) -> SimulatedSite:
    raise AssertionError(f"{settings.site_name} was started")


async def _answer(
    settings: AgentSettings, credentials: grpc.ServerCredentials | None
) -> grpc.StatusCode | None:
    """Ask whoever serves for the site, as the agent does; returns why that failed, or None."""
    played = ScriptedHub()
    played.site = portfolio_pb2.Site(name=settings.site_name)
    server, port = await serve(played, credentials=credentials)
    hub = settings.hub.model_copy(update={"address": f"127.0.0.1:{port}"})
    try:
        async with HubClient(settings.model_copy(update={"hub": hub})) as client:
            await client.prove(settings.site_name)
    except grpc.aio.AioRpcError as error:
        return (
            None if error.code() is grpc.StatusCode.UNKNOWN else error.code()
        )  # it was reached: it has no site
    else:
        return None
    finally:
        await server.stop(grace=None)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():
            await pause(0.05)
