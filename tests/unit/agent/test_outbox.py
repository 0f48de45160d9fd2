from datetime import UTC, datetime, timedelta

import numpy as np

from vpp.agent.outbox import Batch, Outbox, Status, cut_batches
from vpp.v1 import event_pb2, telemetry_pb2

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
STEP = timedelta(minutes=5)


def test_batches_are_cut_at_gaps_and_at_the_longest_length() -> None:
    readings = np.array([1.0, 2.0, 3.0, np.nan, 5.0, np.inf, 7.0])
    batches = cut_batches(NOON, STEP, readings, 10, longest=2)
    assert [(batch.sequence, batch.start, batch.net_kw) for batch in batches] == [
        (10, NOON, (1.0, 2.0)),
        (11, NOON + 2 * STEP, (3.0,)),
        (12, NOON + 4 * STEP, (5.0,)),
        (13, NOON + 6 * STEP, (7.0,)),
    ]


def test_no_readings_make_no_batch() -> None:
    assert cut_batches(NOON, STEP, np.array([np.nan]), 1, 100) == []


def test_an_acknowledgement_is_cumulative_and_the_hubs_count_goes_on() -> None:
    outbox = Outbox()
    for sequence in (1, 2, 3):
        outbox.add_batch(Batch(sequence, NOON, STEP, (1.0,)))
    outbox.batches_held(2)
    assert (list(outbox.batches), outbox.batch_sequence) == ([3], 3)
    outbox.batches_held(9)
    assert (list(outbox.batches), outbox.batch_sequence) == ([], 9)


def test_messages_carry_what_was_recorded() -> None:
    status = Status(4, "instructions/x", "PARTIAL", "SITE_LIMIT", "why", 12.5, NOON).request()
    assert status.instruction_status.state == event_pb2.Instruction.STATE_PARTIAL
    assert status.instruction_status.reason == event_pb2.Instruction.REASON_SITE_LIMIT
    assert status.instruction_status.accepted_reduction_kw == 12.5
    batch = Batch(2, NOON, STEP, (1.0, 2.0))
    message = batch.message()
    assert batch.end == NOON + 2 * STEP
    assert message.quality == telemetry_pb2.METER_QUALITY_OK
    assert list(message.power_series.net_power_kw) == [1.0, 2.0]
    assert message.power_series.sample_interval.seconds == 300
