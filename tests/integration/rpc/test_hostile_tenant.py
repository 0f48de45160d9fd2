"""The attacks of `tools/attack` that need no waiting, against a hub with mutual TLS on a full database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.hostile.attack import tried
from support.hostile.every_attack import ATTACKS
from support.hostile.tenant import Tenant
from support.populated_hub import CALLERS, populated_market
from support.role_matrix.subjects import subjects
from support.tls_serving import served_with_tls

from vpp.hub.quota_settings import QuotaSettings


@pytest.fixture
async def tenant(tmp_path: Path) -> AsyncIterator[Tenant]:
    market = populated_market(tmp_path)
    async with served_with_tls(market, tmp_path, callers=CALLERS, quotas=QuotaSettings()) as secure:
        attacker = Tenant(secure.address, secure.authority, subjects(market.units))
        yield attacker
        await attacker.close()


def test_there_are_at_least_forty() -> None:
    assert len({attack.title for attack in ATTACKS}) == len(ATTACKS) >= 40


async def test_every_attack_is_withstood(tenant: Tenant) -> None:
    succeeded = []
    for attack in ATTACKS:
        if attack.takes_time:
            continue
        outcome = await tried(attack, tenant)
        if not outcome.is_held:
            succeeded.append(f"{attack.who}: {attack.title}: expected {attack.expects}, got {outcome.said}")
    assert not succeeded, "\n".join(succeeded)
