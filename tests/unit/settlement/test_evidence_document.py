"""Evidence that is kept, hashed and handed out."""

import json
import math
from decimal import Decimal
from typing import Any

import pytest
from support.site_evidences import NOON, baseline, evidence, meter

from vpp.foundation.errors import InvalidInput
from vpp.settlement.evidence import AggregateEvidence, AroundEvent
from vpp.settlement.evidence_document import evidence_digest, evidence_document, evidence_of
from vpp.settlement.site_delivery import EmissionFactor
from vpp.telemetry.quality import MeterQuality

FULL = evidence(
    site_name="北京一号, =HYPERLINK(1)",
    make_whole=Decimal("12.340000"),
    baseline=baseline(raw_kw=(math.nan, 106.0), adjusted_kw=(math.nan, 110.0), remarks=("two days",)),
    meter=meter(
        metered_kw=(70.0, math.nan),
        quality=(MeterQuality.ESTIMATED, MeterQuality.MISSING),
        device_kw=(0.1 + 0.2, math.nan),
        flags=("one value for 4 h",),
    ),
    around=AroundEvent(Decimal("-1.500"), None),
    emission_factor=EmissionFactor(Decimal("0.1270"), "a source, 2026"),
    read_at=NOON,
    aggregate=AggregateEvidence(3, (1.0, 2.0), (1.5, math.nan), is_paid_by_sum=True),
    notes=("readings could not be used: odd",),
)


@pytest.mark.parametrize("written", [evidence(), FULL])
def test_what_is_written_is_read_again(written: object) -> None:
    assert evidence_of(evidence_document(written)) == written  # type: ignore[arg-type]  # evidence


def test_a_document_is_canonical() -> None:
    text = evidence_document(FULL).decode()
    content = json.loads(text)
    assert text == json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert "北京一号" in text
    assert (content["schema_version"], content["make_whole"]) == (1, "12.340000")
    assert content["meter"]["device_kw"] == [0.30000000000000004, None]


def test_whole_numbers_of_kw_are_written_as_floats_are() -> None:
    as_ints = evidence(target_kw=(30, 30), award_kw=(30, 30))
    assert evidence_document(as_ints) == evidence_document(evidence())


def test_a_digest_tells_any_change() -> None:
    digests = {
        evidence_digest(evidence_document(one))
        for one in (
            evidence(),
            FULL,
            evidence(dispatch_id="evening-m1-north-1"),
            evidence(meter=meter(metered_kw=(70.0, math.nextafter(80.0, 81.0)))),
            evidence(meter=meter(data_version=8)),
        )
    }
    assert len(digests) == 5
    assert evidence_digest(evidence_document(evidence())) in digests


def test_an_infinite_power_is_refused() -> None:
    with pytest.raises(InvalidInput, match="north-1 in evening holds a power that is infinite"):
        evidence_document(evidence(target_kw=(math.inf, 30.0)))


def changed(path: str, value: Any) -> bytes:  # noqa: ANN401  whatever somebody may write there
    content = json.loads(evidence_document(FULL))
    place, names = content, path.split(".")
    for name in names[:-1]:
        place = place[name]
    if value is KeyError:
        del place[names[-1]]
    else:
        place[names[-1]] = value
    return json.dumps(content).encode()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("schema_version", 2, "evidence is of schema 2, expected 1"),
        ("event_id", KeyError, "evidence has no event_id"),
        ("extra", 1, "evidence has extra, which nothing reads"),
        ("meter.extra", 1, "evidence.meter has extra, which nothing reads"),
        ("event_id", 5, "evidence.event_id is 5, expected str"),
        ("product_version", True, "evidence.product_version is True, expected int"),
        ("target_kw", [1.0], r"evidence.target_kw is \[1.0\], expected a list of 2"),
        ("target_kw", ["1", 2.0], "evidence.target_kw is '1', expected kW"),
        ("target_kw", [1, 2.0], "evidence.target_kw is 1, expected kW with a decimal point"),
        ("local_starts", [1, 2], r"evidence.local_starts is \[1, 2\], expected texts"),
        ("price_per_mwh", ["NaN", "60"], "evidence.price_per_mwh is 'NaN'"),
        ("price_per_mwh", [60, "60"], "evidence.price_per_mwh is 60"),
        ("make_whole", "much", "evidence.make_whole is 'much'"),
        ("direction", "sideways", "evidence.direction is 'sideways'"),
        ("span", ["2026-03-02T12:00:00"], "evidence.span is"),
        ("span", ["2026-03-02T12:00:00", "2026-03-02T13:00:00"], "evidence.span is"),
        ("span", ["2026-03-02T13:00:00Z", "2026-03-02T12:00:00Z"], "evidence.span is"),
        ("meter", None, "evidence.meter is None, expected a JSON object"),
        ("meter.quality", ["OK", "FINE"], "evidence.meter.quality is 'FINE'"),
        ("meter.device_kw", [1.0], r"evidence.meter.device_kw is \[1.0\], expected a list of 2"),
        ("baseline.loss_ratio", None, "evidence.baseline.loss_ratio is None, expected a finite number"),
        ("baseline.days_used", ["2026-02-30"], "evidence.baseline.days_used is '2026-02-30'"),
        ("around.before_kwh", 3.0, "evidence.around.before_kwh is 3.0"),
        ("read_at", "yesterday", "evidence.read_at is 'yesterday'"),
        ("aggregate.is_paid_by_sum", 1, "evidence.aggregate.is_paid_by_sum is 1, expected bool"),
        ("emission_factor.kg_per_kwh", "inf", "evidence.emission_factor.kg_per_kwh is 'inf'"),
    ],
)
def test_what_was_tampered_with_is_refused_by_name(path: str, value: object, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        evidence_of(changed(path, value))


@pytest.mark.parametrize("document", [b"", b"\xff", b"[]", b"[" * 100_000, b'{"schema_version": NaN}'])
def test_what_is_no_document_is_refused(document: bytes) -> None:
    with pytest.raises(InvalidInput, match="evidence"):
        evidence_of(document)
