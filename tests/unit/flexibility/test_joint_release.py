from datetime import timedelta

import pytest

from vpp.flexibility.envelope import (
    Boundary,
    DeliveryConfidence,
    Envelope,
    EnvelopeRecovery,
    FlexDirection,
    RecoveryShape,
)
from vpp.flexibility.joint_release import joint_release
from vpp.flexibility.site_envelope import SiteEnvelope, site_envelope


def together(*sizes: tuple[float, float]) -> SiteEnvelope:
    """Return a site of resources of a power and a cap of their recovery, kW."""
    envelopes = [
        Envelope(
            f"r{n}",
            FlexDirection.LOAD_DOWN,
            Boundary.POC,
            kw,
            10.0 * kw,
            timedelta(days=1),
            DeliveryConfidence(0.9),
            recovery=EnvelopeRecovery(kw, RecoveryShape.FLAT, cap_kw, timedelta(hours=2)),
        )
        for n, (kw, cap_kw) in enumerate(sizes)
    ]
    return site_envelope(envelopes, timedelta(hours=1))


def test_recoveries_add_up_against_the_room() -> None:
    found = joint_release(together((100.0, 80.0), (100.0, 50.0)), room_kw=120.0, typical_load_kw=10_000.0)
    assert (found.released_kw, found.rebound_kw, found.resource_ids) == (200.0, 130.0, ("r0", "r1"))
    (warning,) = found.warnings
    assert "130 kW" in warning
    assert "120 kW" in warning


def test_many_that_release_in_one_minute_are_warned_of() -> None:
    found = joint_release(together((300.0, 0.0), (300.0, 0.0)), room_kw=1e9, typical_load_kw=3000.0)
    (warning,) = found.warnings
    assert "2 resources" in warning
    assert "600 kW" in warning
    assert found.resource_ids == ()


@pytest.mark.parametrize("sizes", [((300.0, 100.0),), ((10.0, 1.0), (10.0, 1.0))])
def test_one_alone_and_little_ones_are_no_matter(sizes: tuple[tuple[float, float], ...]) -> None:
    assert joint_release(together(*sizes), room_kw=200.0, typical_load_kw=3000.0).warnings == ()
