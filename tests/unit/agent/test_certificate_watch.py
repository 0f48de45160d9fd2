import logging
from datetime import timedelta
from pathlib import Path

import pytest
from support.agent_site import write_site
from support.made_certificates import AGENT, NOON, issued, new_authority

from vpp.agent.certificate_watch import CertificateWatch
from vpp.agent.hub_credentials import HubCredentials
from vpp.foundation.certificate_pair import CertificatePair
from vpp.foundation.clock import ManualClock

DAY = timedelta(days=1)


@pytest.fixture
def pair(tmp_path: Path) -> CertificatePair:
    with new_authority(tmp_path / "ca") as authority:
        return issued(authority, AGENT, tmp_path / "site", lifetime=9 * DAY)


def test_the_end_is_said_in_time_and_more_often_towards_it(
    tmp_path: Path, pair: CertificatePair, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock(NOON)
    watch = CertificateWatch(write_site(tmp_path / "site"), clock)
    used = HubCredentials(b"", pair)
    caplog.set_level(logging.WARNING, "vpp.agent")
    told_after = []
    for hours in range(24 * 9 + 12):
        clock.advance_to(NOON + timedelta(hours=hours))
        before = len(caplog.records)
        watch.warn(used)
        if len(caplog.records) > before:
            told_after.append(hours)
    assert told_after == [144, 180, 198, 207, 212, 214, 215, 216]  # a third of nine days is left at 144 h
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 7 + ["ERROR"]
    assert "the certificate ends at 2026-03-13T12:00Z; renew it with `vpp certs rotate`" in caplog.text
    assert "the certificate has ended at 2026-03-13T12:00Z" in caplog.text
    assert "PRIVATE" not in caplog.text


def test_a_new_certificate_begins_anew(
    tmp_path: Path, pair: CertificatePair, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock(NOON + 8 * DAY)
    watch = CertificateWatch(write_site(tmp_path / "site"), clock)
    with new_authority(tmp_path / "other", NOON + 8 * DAY) as authority:
        renewed = issued(authority, AGENT, tmp_path / "renewed", NOON + 8 * DAY, 9 * DAY)
    caplog.set_level(logging.WARNING, "vpp.agent")
    watch.warn(HubCredentials(b"", pair))
    watch.warn(HubCredentials(b"", renewed))
    assert len(caplog.records) == 1
    clock.advance_to(NOON + 15 * DAY)
    watch.warn(HubCredentials(b"", renewed))
    assert len(caplog.records) == 2
