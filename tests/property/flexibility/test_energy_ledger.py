"""A store's promises never exceed what it holds, whatever happens to it."""

import math

from hypothesis import given
from hypothesis import strategies as st

from vpp.flexibility.energy_ledger import ROUNDING_KWH, Duty, EnergyLedger

KWH = st.floats(0.0, 120.0)
ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["commit", "release", "deliver", "charge", "measure", "reserve"]),
        st.sampled_from([Duty.DR, Duty.ARBITRAGE]),
        st.sampled_from(["a", "b", "c"]),
        KWH,
    ),
    max_size=30,
)


@given(KWH, ACTIONS)
def test_promises_never_exceed_what_is_stored(
    stored_kwh: float, actions: list[tuple[str, Duty, str, float]]
) -> None:
    ledger, delivered_kwh, added_kwh = EnergyLedger(stored_kwh), 0.0, 0.0
    for action, duty, purpose, kwh in actions:
        before = ledger
        match action:
            case "commit":
                after = ledger.commit(duty, purpose, kwh)
                if isinstance(after, EnergyLedger):
                    ledger = after
                else:  # refused only where it would have been sold twice
                    assert kwh > before.free_kwh + before.kept_kwh(duty, purpose)
            case "release":
                ledger = ledger.release(duty, purpose)
            case "deliver":
                given_kwh = min(kwh, ledger.kept_kwh(duty, purpose))
                ledger = ledger.deliver(duty, purpose, given_kwh)
                delivered_kwh += given_kwh
            case "charge":
                ledger, added_kwh = ledger.charged(kwh), added_kwh + kwh
            case "measure":
                ledger, missing = ledger.measured(min(kwh, ledger.stored_kwh))
                added_kwh += ledger.stored_kwh - before.stored_kwh
                kept = math.fsum(entry.energy_kwh for entry in ledger.entries)
                assert kept + math.fsum(e.energy_kwh for e in missing) >= before.promised_kwh - 1e-6
            case _:
                ledger = ledger.reserve_backup(kwh)
        assert ledger.promised_kwh <= ledger.stored_kwh + ROUNDING_KWH
        if before.kept_kwh(Duty.BACKUP) <= ledger.stored_kwh and action != "reserve":
            assert ledger.kept_kwh(Duty.BACKUP) >= before.kept_kwh(Duty.BACKUP) - ROUNDING_KWH
    assert abs(stored_kwh + added_kwh - delivered_kwh - ledger.stored_kwh) < 1e-6
