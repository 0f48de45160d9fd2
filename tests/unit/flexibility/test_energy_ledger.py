import pytest

from vpp.flexibility.energy_ledger import Duty, EnergyLedger, LedgerEntry, Refused
from vpp.foundation.errors import InvalidInput


def test_the_same_energy_is_not_sold_twice() -> None:
    ledger = EnergyLedger(90.0).reserve_backup(10.0)
    evening = ledger.commit(Duty.ARBITRAGE, "evening", 60.0)
    assert isinstance(evening, EnergyLedger)
    assert evening.commit(Duty.DR, "events/a", 20.1) == Refused(20.1, 20.0)
    sold = evening.commit(Duty.DR, "events/a", 20.0)
    assert isinstance(sold, EnergyLedger)
    assert sold.free_kwh == 0.0
    assert sold.commit(Duty.DR, "events/b", 1.0) == Refused(1.0, 0.0)


def test_a_second_commitment_takes_the_place_of_the_first() -> None:
    first = EnergyLedger(100.0).commit(Duty.DR, "events/a", 80.0)
    assert isinstance(first, EnergyLedger)
    second = first.commit(Duty.DR, "events/a", 90.0)  # its own 80 are free for it
    assert isinstance(second, EnergyLedger)
    assert (second.kept_kwh(Duty.DR), second.free_kwh) == (90.0, 10.0)


def test_delivery_takes_from_store_and_promise_and_release_from_the_promise_only() -> None:
    ledger = EnergyLedger(100.0).commit(Duty.DR, "events/a", 50.0)
    assert isinstance(ledger, EnergyLedger)
    given = ledger.deliver(Duty.DR, "events/a", 30.0)
    assert (given.stored_kwh, given.kept_kwh(Duty.DR, "events/a"), given.free_kwh) == (70.0, 20.0, 50.0)
    released = given.release(Duty.DR, "events/a")
    assert (released.stored_kwh, released.entries, released.free_kwh) == (70.0, (), 70.0)
    assert released.release(Duty.DR, "events/unknown") == released
    with pytest.raises(InvalidInput, match="energy_kwh is 60"):
        ledger.deliver(Duty.DR, "events/a", 60.0)
    assert ledger.charged(5.0).free_kwh == 55.0


def test_backup_goes_before_everything_sold() -> None:
    ledger = EnergyLedger(100.0).commit(Duty.ARBITRAGE, "evening", 60.0)
    assert isinstance(ledger, EnergyLedger)
    both = ledger.commit(Duty.DR, "events/a", 40.0)
    assert isinstance(both, EnergyLedger)
    storm = both.reserve_backup(50.0)
    assert [storm.kept_kwh(duty) for duty in (Duty.BACKUP, Duty.DR, Duty.ARBITRAGE)] == [50.0, 40.0, 10.0]
    assert EnergyLedger(30.0).reserve_backup(50.0).kept_kwh(Duty.BACKUP) == 30.0


def test_a_store_that_holds_less_breaks_the_least_important_promise_first_and_says_so() -> None:
    ledger = EnergyLedger(
        100.0,
        (
            LedgerEntry(Duty.ARBITRAGE, "evening", 50.0),
            LedgerEntry(Duty.BACKUP, "site", 20.0),
            LedgerEntry(Duty.DR, "events/a", 30.0),
        ),
    )
    kept, missing = ledger.measured(40.0)
    assert (kept.kept_kwh(Duty.BACKUP), kept.kept_kwh(Duty.DR), kept.kept_kwh(Duty.ARBITRAGE)) == (
        20.0,
        20.0,
        0.0,
    )
    assert {entry.purpose: entry.energy_kwh for entry in missing} == {"evening": 50.0, "events/a": 10.0}
    assert ledger.measured(100.0)[1] == ()


def test_impossible_ledgers_are_refused() -> None:
    with pytest.raises(InvalidInput, match="expected at least the promised 11"):
        EnergyLedger(10.0, (LedgerEntry(Duty.DR, "a", 11.0),))
    with pytest.raises(InvalidInput, match="each duty and purpose once"):
        EnergyLedger(10.0, (LedgerEntry(Duty.DR, "a", 1.0), LedgerEntry(Duty.DR, "a", 1.0)))
    with pytest.raises(InvalidInput, match="energy_kwh is -1"):
        EnergyLedger(10.0).commit(Duty.DR, "a", -1.0)
