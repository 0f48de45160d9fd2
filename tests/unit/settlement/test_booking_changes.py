"""What a run changes: differences only, each once, and over all accounts nothing."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from support.settled import Settled

from vpp.foundation.errors import BrokenPromise
from vpp.settlement.account import Account, AccountKind
from vpp.settlement.booking_changes import Booked, Change, by_party, changes, entries_of, party_lines, sums_of
from vpp.settlement.charge import Charge
from vpp.settlement.entry import Entry, EntryKey
from vpp.settlement.line_code import LineCode
from vpp.settlement.reckoning import reckon
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement_head import StatementHead
from vpp.telemetry.quality import MeterQuality

Delivery = Callable[..., SiteDelivery]
NOW = datetime(2026, 4, 8, tzinfo=UTC)
HEAD = StatementHead("acme-2026-03-v2", "acme", "2026-03", 2, RunType.RECALC, "GBP", "acme-2026-03-v1")


def charges_of(*deliveries: SiteDelivery) -> tuple[Charge, ...]:
    return reckon("2026-03", deliveries, run=RunTerms(RunType.RECALC, "hub")).charges


def entries(compared: list[Change], number: int = 1) -> list[Entry]:
    return list(entries_of(compared, period="2026-03", run_id=f"run-2026-03-{number}", booked_at=NOW))


def booked_by(*every: Entry) -> dict[EntryKey, Booked]:
    """Sum entries as the ledger does: of a key whose accounts have changed, the newest stand."""
    sums: dict[tuple[EntryKey, Account, Account], Decimal] = {}
    for entry in every:
        place = (entry.key, entry.payer, entry.payee)
        sums[place] = sums.get(place, Decimal(0)) + entry.amount
    standing: dict[EntryKey, Booked] = {}
    for (key, payer, payee), amount in sums.items():
        if key not in standing or amount or not standing[key][2]:
            standing[key] = (payer, payee, amount)
    return standing


def flows(every: list[Entry]) -> list[tuple[str, str, str, str]]:
    return [
        (entry.key.code.name, entry.payer.account_id, entry.payee.account_id, str(entry.amount))
        for entry in every
    ]


def test_a_first_run_books_every_charge_between_its_accounts(delivery: Delivery) -> None:
    assert flows(entries(changes(charges_of(delivery(["60"])), {}))) == [
        ("ENERGY", "grid:operator:GBP", "acme:site:north-1:GBP", "4.80"),
        ("AGG_FEE", "acme:site:north-1:GBP", "hub:fee:GBP", "0.48"),
        ("PENALTY", "acme:site:north-1:GBP", "grid:penalty:GBP", "1.20"),
    ]


def test_every_entry_says_which_run_booked_it_when_and_for_which_period(delivery: Delivery) -> None:
    first = entries(changes(charges_of(delivery(["60", "100"])), {}))
    # a difference, what is taken back, and what moves to other accounts
    moved = [
        charge._replace(payee=Account("other", AccountKind.SITE, "GBP", "north-1"))
        if charge.code is LineCode.ENERGY
        else charge
        for charge in charges_of(delivery(["80", "100"]))
    ]
    second = entries(changes(moved, booked_by(*first)), 2)
    assert len(second) > len(first) > 0
    for number, booked in ((1, first), (2, second)):
        said = {(entry.period, entry.run_id, entry.booked_at) for entry in booked}
        assert said == {("2026-03", f"run-2026-03-{number}", NOW)}


def test_a_first_version_comes_to_what_is_paid_and_charged(delivery: Delivery) -> None:
    parties = by_party(changes(charges_of(delivery(["60"])), {}))
    # 4.80 for energy, less 0.48 of a fee and a penalty of 1.20
    assert sums_of(parties["acme", "GBP"], ("acme", "GBP")) == (3, Decimal("3.12"), Decimal("3.12"))
    assert sums_of(parties["grid", "GBP"], ("grid", "GBP")) == (2, Decimal("-3.60"), Decimal("-3.60"))
    assert sums_of(parties["hub", "GBP"], ("hub", "GBP")) == (1, Decimal("0.48"), Decimal("0.48"))


def test_a_charge_of_nothing_is_a_line_and_no_entry(delivery: Delivery) -> None:
    compared = changes(charges_of(delivery(["0"], quality=MeterQuality.BAD)), {})
    assert [change.charge is not None for change in compared] == [True]
    assert entries(compared) == []


def test_the_same_again_books_nothing(delivery: Delivery) -> None:
    charges = charges_of(delivery(["60", "100"]))
    first = entries(changes(charges, {}))
    assert entries(changes(charges, booked_by(*first)), 2) == []


def test_a_corrected_reading_books_the_difference_on_its_keys_alone(delivery: Delivery) -> None:
    first = entries(changes(charges_of(delivery(["60", "100"])), {}))
    second = entries(changes(charges_of(delivery(["80", "100"])), booked_by(*first)), 2)
    assert flows(second) == [
        ("ENERGY", "grid:operator:GBP", "acme:site:north-1:GBP", "1.60"),
        ("AGG_FEE", "acme:site:north-1:GBP", "hub:fee:GBP", "0.16"),
        ("PENALTY", "acme:site:north-1:GBP", "grid:penalty:GBP", "-0.80"),
    ]
    assert {entry.key.interval.start.hour for entry in second} == {17}


def test_what_is_charged_no_more_is_taken_back(delivery: Delivery) -> None:
    first = entries(changes(charges_of(delivery(["60"])), {}))
    second = entries(changes(charges_of(delivery(["100"])), booked_by(*first)), 2)
    assert ("PENALTY", "acme:site:north-1:GBP", "grid:penalty:GBP", "-1.20") in flows(second)
    third = changes(charges_of(delivery(["100"])), booked_by(*first, *second))
    assert entries(third, 3) == []
    assert third[-1].key.code is LineCode.PENALTY  # stays on later versions, with nothing on it
    assert third[-1].charge is None


def test_a_key_whose_accounts_change_is_taken_back_and_booked_anew(delivery: Delivery) -> None:
    """A site is sold, and its new owner is paid: the old one has nothing of it left."""
    first = entries(changes(charges_of(delivery(["100"])), {}))
    sold = charges_of(replace(delivery(["100"]), party_id="bolt"))
    compared = changes(sold, booked_by(*first))
    second = entries(compared, 2)
    assert flows(second)[:2] == [
        ("ENERGY", "grid:operator:GBP", "acme:site:north-1:GBP", "-8.00"),
        ("ENERGY", "grid:operator:GBP", "bolt:site:north-1:GBP", "8.00"),
    ]
    parties = by_party(compared)
    assert sums_of(parties["acme", "GBP"], ("acme", "GBP")) == (2, 0, Decimal("-7.20"))
    assert sums_of(parties["bolt", "GBP"], ("bolt", "GBP")) == (2, Decimal("7.20"), Decimal("7.20"))
    assert sums_of(parties["grid", "GBP"], ("grid", "GBP")).changed == 0
    assert entries(changes(sold, booked_by(*first, *second)), 3) == []
    lines = list(party_lines(sold, booked_by(*first), HEAD, [delivery(["100"])]))
    assert [(line.line_code.name, str(line.amount), str(line.delta_amount)) for line, _ in lines] == [
        ("ENERGY", "0.00", "-8.00"),
        ("AGG_FEE", "0.00", "0.80"),
    ]
    assert [charge for _, charge in lines] == [None, None]


def test_what_is_paid_the_other_way_round_is_two_entries(delivery: Delivery) -> None:
    [charge] = (one for one in charges_of(delivery(["100"])) if one.code is LineCode.ENERGY)
    turned = charge._replace(payer=charge.payee, payee=charge.payer)
    second = entries(changes([turned], {charge.key: (charge.payer, charge.payee, charge.amount)}), 2)
    assert [(entry.payer, entry.payee, entry.amount) for entry in second] == [
        (charge.payer, charge.payee, Decimal("-8.00")),
        (charge.payee, charge.payer, Decimal("8.00")),
    ]
    before, now = changes([turned], {charge.key: (charge.payer, charge.payee, charge.amount)})[0].amounts(
        ("acme", "GBP")
    )
    assert (before, now) == (Decimal("8.00"), Decimal("-8.00"))


def test_two_charges_of_one_key_are_refused(delivery: Delivery) -> None:
    charges = charges_of(delivery(["60"]))
    with pytest.raises(BrokenPromise, match="two charges have one key"):
        changes([*charges, charges[0]], {})


def test_currencies_are_apart(delivery: Delivery) -> None:
    [charge, *_] = charges_of(delivery(["100"]))
    yen = charge._replace(
        payer=replace(charge.payer, currency="JPY"), payee=replace(charge.payee, currency="JPY")
    )
    parties = by_party(changes([yen], {charge.key: (charge.payer, charge.payee, charge.amount)}))
    assert set(parties) == {("grid", "JPY"), ("acme", "JPY"), ("grid", "GBP"), ("acme", "GBP")}
    assert sums_of(parties["acme", "GBP"], ("acme", "GBP")) == (1, 0, Decimal("-8.00"))
    assert sums_of(parties["acme", "JPY"], ("acme", "JPY")) == (1, Decimal("8.00"), Decimal("8.00"))


def test_an_amount_between_two_accounts_of_a_party_is_booked_and_on_no_statement(delivery: Delivery) -> None:
    [charge, *_] = charges_of(delivery(["100"]))
    own = charge._replace(payee=Account("grid", AccountKind.PENALTY, "GBP"))
    assert by_party(changes([own], {})) == {}
    assert len(entries(changes([own], {}))) == 1
    before = {charge.key: (charge.payer, charge.payee, charge.amount)}
    parties = by_party(changes([own], before))
    assert sums_of(parties["grid", "GBP"], ("grid", "GBP")) == (1, 0, Decimal("8.00"))
    head = replace(HEAD, party_id="grid")
    [(line, shown)] = party_lines([own], before, head, [])
    assert (str(line.amount), str(line.delta_amount), shown) == ("0.00", "8.00", None)


def test_versions_reach_the_result_of_a_single_run(delivery: Delivery) -> None:
    settled = Settled()
    first = settled.run([delivery(["100", "40"], quality=MeterQuality.ESTIMATED)])
    second = settled.run([delivery(["60", "100"])], RunType.FINAL)
    at_once = Settled().run([delivery(["60", "100"])], RunType.FINAL)
    for party, statement in second.items():
        assert first[party].delta + statement.delta == at_once[party].total == statement.total
    assert sum(statement.total for statement in second.values()) == 0


def test_a_party_with_nothing_to_state_gets_none(delivery: Delivery) -> None:
    assert list(Settled().run([delivery(["0"])])) == ["acme", "grid"]
    assert Settled().run([]) == {}


def test_a_stranger_has_no_line_and_what_was_never_booked_was_nothing(delivery: Delivery) -> None:
    [charge, *_] = charges = charges_of(delivery(["100"]))
    assert list(party_lines(charges, {}, replace(HEAD, party_id="stranger"), [])) == []
    assert Change(charge.key, charge, None).amounts(("acme", "GBP")) == (0, Decimal("8.00"))
    assert Change(charge.key, charge, None).amounts(("grid", "GBP")) == (0, Decimal("-8.00"))


def test_a_line_that_is_taken_back_says_what_it_was_about(delivery: Delivery) -> None:
    made = delivery(["100"])
    [charge, *_] = charges_of(made)
    before = {charge.key: (charge.payer, charge.payee, charge.amount)}
    [(line, shown)] = party_lines([], before, HEAD, [made])
    assert (str(line.amount), str(line.delta_amount), shown) == ("0.00", "-8.00", None)
    assert (line.meter_id, line.product_id, line.tz) == ("m-77", "evening-peak", "Europe/London")
