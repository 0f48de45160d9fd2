"""Whatever is charged run after run: what is booked is what the newest run charges, and nothing is lost."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from vpp.foundation.interval import Interval
from vpp.settlement.account import Account, AccountKind
from vpp.settlement.booking_changes import Booked, by_party, changes, entries_of, lines_of, sums_of
from vpp.settlement.charge import Charge
from vpp.settlement.charge_subject import ChargeSubject
from vpp.settlement.entry import Entry, EntryKey
from vpp.settlement.line_code import LineCode
from vpp.settlement.run_type import RunType
from vpp.settlement.statement_head import StatementHead

AT = datetime(2026, 3, 5, 17, tzinfo=UTC)
SPANS = [Interval(AT + n * timedelta(minutes=15), AT + (n + 1) * timedelta(minutes=15)) for n in range(3)]
PARTIES = ("grid", "hub", "acme", "bolt")
KINDS = (AccountKind.OPERATOR, AccountKind.PENALTY, AccountKind.FEE)
KEY_SHARE = 0.2
"""How many of the keys that there are a run charges."""
SEEDS = st.integers(0, 2**32 - 1)
Place = tuple[EntryKey, Account, Account]


def run_of(dice: random.Random) -> list[Charge]:
    """What one run charges: each key at most once, between any two accounts of a currency."""
    keys = [(span, code) for span in SPANS for code in LineCode if dice.random() < KEY_SHARE]
    charges = []
    for span, code in keys:
        currency = dice.choice(("GBP", "EUR"))
        pairs = dice.sample([(party_id, kind) for party_id in PARTIES for kind in KINDS], 2)
        payer, payee = (Account(party_id, kind, currency) for party_id, kind in pairs)
        amount = Decimal(dice.choice((0, 1, -1, dice.randint(-300, 300)))).scaleb(-2)
        subject = ChargeSubject(event_id="evening", site_id="north-1")
        charges.append(Charge(code, payer, payee, None, span, "", amount, None, "", subject=subject))
    return charges


def summed(entries: Sequence[Entry]) -> dict[Place, Decimal]:
    sums: dict[Place, Decimal] = {}
    for entry in entries:
        place = (entry.key, entry.payer, entry.payee)
        sums[place] = sums.get(place, Decimal(0)) + entry.amount
    return sums


def standing(entries: Sequence[Entry]) -> dict[EntryKey, Booked]:
    found: dict[EntryKey, Booked] = {}
    for (key, payer, payee), amount in summed(entries).items():
        if key not in found or amount:
            found[key] = (payer, payee, amount)
    return found


@given(SEEDS, st.integers(1, 5))
def test_the_ledger_ends_at_what_the_newest_run_charges(seed: int, run_count: int) -> None:
    dice = random.Random(seed)
    course = [run_of(dice) for _ in range(run_count)]
    entries: list[Entry] = []
    told: dict[tuple[str, str], Decimal] = {}
    for number, charges in enumerate(course, start=1):
        compared = changes(charges, standing(entries))
        run_id = f"run-2026-03-{number}"
        new = list(entries_of(compared, period="2026-03", run_id=run_id, booked_at=AT))
        assert all(entry.amount and entry.payer != entry.payee for entry in new)
        assert len({(entry.key, entry.payer, entry.payee) for entry in new}) == len(new)
        entries += new
        moved: dict[str, Decimal] = {}
        for purse, own in by_party(compared).items():
            sums = sums_of(own, purse)
            told[purse] = told.get(purse, Decimal(0)) + sums.delta
            assert told[purse] == sums.total  # versions add up, whatever came before
            moved[purse[1]] = moved.get(purse[1], Decimal(0)) + sums.delta
            head = StatementHead("acme-2026-03-v1", *(purse[0], "2026-03", 1, RunType.RECALC, purse[1]))
            lines = [line for line, _ in lines_of(own, head, {})]
            assert sum(line.amount for line in lines) == sums.total
            assert sum(line.delta_amount for line in lines) == sums.delta
            assert [line.line_no for line in lines] == list(range(1, len(own) + 1))
        assert not any(moved.values())  # money in is money out, in every currency
    assert {place: amount for place, amount in summed(entries).items() if amount} == {
        (charge.key, charge.payer, charge.payee): charge.amount for charge in course[-1] if charge.amount
    }


@given(SEEDS)
def test_a_second_run_of_the_same_books_nothing(seed: int) -> None:
    dice = random.Random(seed)
    first, second = run_of(dice), run_of(dice)
    entries: list[Entry] = []
    for number, charges in enumerate((first, second, second), start=1):
        run_id = f"run-2026-03-{number}"
        compared = changes(charges, standing(entries))
        entries += (new := list(entries_of(compared, period="2026-03", run_id=run_id, booked_at=AT)))
    assert new == []
