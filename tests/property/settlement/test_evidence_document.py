"""Equal evidence gives equal bytes, and the bytes give the evidence back, to the last bit."""

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from support.site_evidences import baseline, evidence, meter

from vpp.settlement.evidence import AroundEvent, SiteEvidence
from vpp.settlement.evidence_document import evidence_digest, evidence_document, evidence_of
from vpp.telemetry.quality import MeterQuality

POWER = st.floats(allow_nan=False, allow_infinity=False) | st.just(math.nan)
PAIR = st.tuples(POWER, POWER)
AMOUNT = st.decimals(allow_nan=False, allow_infinity=False, places=6)
TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def evidences(draw: st.DrawFn) -> SiteEvidence:
    return evidence(
        site_name=draw(TEXT),
        award_ids=tuple(draw(st.lists(TEXT, max_size=3))),
        award_kw=draw(PAIR),
        target_kw=draw(PAIR),
        price_per_mwh=draw(st.tuples(AMOUNT, AMOUNT)),
        make_whole=draw(AMOUNT),
        baseline=baseline(raw_kw=draw(PAIR), adjusted_kw=draw(PAIR), elsewhere_kw=draw(PAIR)),
        meter=meter(
            metered_kw=draw(PAIR),
            quality=draw(st.tuples(*[st.sampled_from(MeterQuality)] * 2)),
            data_version=draw(st.integers(0, 2**62)),
            device_kw=draw(st.just(()) | PAIR),
        ),
        around=AroundEvent(draw(st.none() | AMOUNT), draw(st.none() | AMOUNT)),
        notes=tuple(draw(st.lists(TEXT, max_size=2))),
    )


@given(evidences())
def test_a_document_says_all_of_it(written: SiteEvidence) -> None:
    document = evidence_document(written)
    read = evidence_of(document)
    assert read == written
    assert evidence_document(read) == document
    assert [str(price) for price in read.price_per_mwh] == [str(price) for price in written.price_per_mwh]


@given(evidences())
def test_a_change_of_one_field_changes_the_digest(one: SiteEvidence) -> None:
    other = replace(one, meter=replace(one.meter, data_version=one.meter.data_version + 1))
    assert evidence_digest(evidence_document(one)) != evidence_digest(evidence_document(other))
