import json
from datetime import timedelta

import pytest

from vpp.flexibility.envelope import (
    Boundary,
    DeliveryConfidence,
    Envelope,
    EnvelopeRecovery,
    EnvelopeUse,
    FlexDirection,
    RecoveryShape,
)
from vpp.flexibility.envelope_document import envelope_document, envelope_from
from vpp.foundation.errors import InvalidInput

WHOLE = Envelope(
    "diesel",
    FlexDirection.LOAD_UP,
    Boundary.FACILITY,
    800.0,
    1600.0,
    timedelta(hours=2),
    DeliveryConfidence(0.8, 0.9, 1.1),
    p_min_kw=240.0,
    step_kw=20.0,
    delay=timedelta(seconds=30),
    ramp_kw_per_s=10.0,
    min_duration=timedelta(minutes=30),
    use=EnvelopeUse(timedelta(hours=1), 2, 20, 50.0),
    recovery=EnvelopeRecovery(10.0, RecoveryShape.BACKLOG, 5.0, timedelta(hours=2), 3.0),
    excludes=frozenset({"ups", "bess"}),
    why_not="on test",
)


def test_an_envelope_survives_json_but_for_its_price() -> None:
    assert envelope_from(json.loads(json.dumps(envelope_document(WHOLE), allow_nan=False))) == WHOLE


@pytest.mark.parametrize(
    ("key", "value"), [("p_max_kw", -1.0), ("direction", "sideways"), ("recovery", None)]
)
def test_what_is_no_envelope_is_refused(key: str, value: object) -> None:
    with pytest.raises(InvalidInput):
        envelope_from({**envelope_document(WHOLE), key: value})


def test_a_missing_value_is_named() -> None:
    document = envelope_document(WHOLE)
    del document["delay_s"]
    with pytest.raises(InvalidInput, match="delay_s"):
        envelope_from(document)
