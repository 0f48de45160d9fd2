"""A real hub and agents of another process, with a bad route between them."""

from pathlib import Path

from sqlalchemy import Engine
from support.bad_network import bad_network, half_open, loss_and_delay, storm

SITE_COUNT = 40
NOTICED_S = 15.0
"""Keepalive asks after ten seconds and waits for five."""
SLACK_S = 5.0


async def test_both_sides_notice_a_half_open_link_and_nothing_is_lost_or_doubled(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    async with bad_network(sqlite_engine, tmp_path, SITE_COUNT) as net:
        verdict = await half_open(net)
    assert verdict.is_clean, verdict
    assert verdict.seconds["hub noticed after"] < NOTICED_S + SLACK_S
    assert verdict.seconds["all agents noticed after"] < NOTICED_S + SLACK_S


async def test_with_loss_and_delay_every_instruction_is_answered_once(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    async with bad_network(sqlite_engine, tmp_path, SITE_COUNT) as net:
        verdict = await loss_and_delay(net, loss_ratio=0.3, delay_s=0.5)
        assert verdict.is_clean, verdict


async def test_after_a_storm_of_reconnects_every_instruction_is_answered_once(
    sqlite_engine: Engine, tmp_path: Path
) -> None:
    async with bad_network(sqlite_engine, tmp_path, SITE_COUNT) as net:
        verdict = await storm(net)
    assert verdict.is_clean, verdict
