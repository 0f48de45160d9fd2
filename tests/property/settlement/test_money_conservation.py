"""Whatever is delivered, measured and corrected: money in is money out, to the minor unit."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from support.settled import Settled, statements_of

from vpp.foundation.money import minor_unit
from vpp.settlement.entry import Entry
from vpp.settlement.line_code import Flow, LineCode
from vpp.settlement.performance import BandCode
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement_file import parse_csv, render_csv, table_rows

Books = Callable[..., st.SearchStrategy[list[SiteDelivery]]]


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_money_in_is_money_out(random_books: Books, data: st.DataObject) -> None:
    book = data.draw(random_books())
    statements = statements_of(book, data.draw(st.sampled_from(list(RunType))))
    lines = [line for statement in statements.values() for line in statement.lines]
    assert sum(line.amount for line in lines) == 0
    unit = minor_unit(lines[0].currency)
    assert all(line.amount == line.amount.quantize(unit) for line in lines)
    assert all((line.flow is Flow.CHARGE) == (line.amount < 0) for line in lines)
    for statement in statements.values():
        assert sum(statement.totals.values()) == statement.total
    # the operator's net outlay is what site owners and aggregator get
    received = sum(statement.total for party, statement in statements.items() if party != "grid")
    assert -statements["grid"].total == received


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_no_interval_is_paid_above_its_cap(random_books: Books, data: st.DataObject) -> None:
    book = data.draw(random_books())
    caps = {
        (each.event_id, each.site_id, measured.interval.start): (each.product.money, measured)
        for each in book
        for measured in each.intervals
    }
    for line in statements_of(book)["grid"].lines:
        if line.line_code is LineCode.ENERGY:
            rules, measured = caps[line.event_id, line.site_id, line.interval_start_utc]
            seconds = Fraction(measured.interval.duration.total_seconds())
            target = Fraction(measured.target_kw) * seconds / 3600
            assert line.payable_kwh is not None
            assert 0 <= Fraction(line.payable_kwh) <= Fraction(rules.band_cap_ratio) * target
            if line.delivered_kwh is not None:
                assert line.baseline_kwh is not None
                assert line.metered_kwh is not None
                assert line.delivered_kwh == line.baseline_kwh - line.metered_kwh
                assert line.payable_kwh <= max(0, line.delivered_kwh)
                assert line.baseline_kwh == (line.baseline_raw_kwh or 0) + (line.adjustment_kwh or 0)
            else:
                assert (line.band_code, line.amount) == (BandCode.NO_DATA, 0)


def half_up(exact: Fraction, digits: int) -> Decimal:
    """Round in whole numbers, as a reader with pencil and paper would."""
    scaled = abs(exact) * 10**digits
    whole = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return Decimal(whole if exact >= 0 else -whole).scaleb(-digits)


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_every_amount_can_be_recomputed_from_its_own_row(random_books: Books, data: st.DataObject) -> None:
    for statement in statements_of(data.draw(random_books())).values():
        header, *cells = table_rows(render_csv(statement))
        rows = [dict(zip(header, row, strict=True)) for row in cells]
        digits = 0 if statement.currency == "JPY" else 2
        paid: dict[tuple[str, ...], Fraction] = {}
        for row in rows:
            place = (row["event_id"], row["site_id"], row["interval_start_utc"])
            sign = 1 if row["party_id"] not in {"grid", "hub"} else -1
            basis = {
                "ENERGY": Fraction(row["payable_kwh"] or 0) / 1000,
                "AVAILABILITY": Fraction(row["availability_kw_h"] or 0),
                "PENALTY": -Fraction(row["penalty_basis_kwh"] or 0) / 1000,
                "AGG_FEE": -paid.get(place, Fraction(0)),
                "MAKE_WHOLE": None,
            }[row["line_code"]]
            if basis is None or (row["line_code"] == "AGG_FEE" and row["party_id"] == "hub"):
                continue  # its basis stands on the site owner's statement
            if row["line_code"] in {"ENERGY", "AVAILABILITY"}:
                paid[place] = paid.get(place, Fraction(0)) + Fraction(row["amount"])
            assert Decimal(row["amount"]) == half_up(sign * basis * Fraction(row["price"]), digits)


@given(data=st.data())
@settings(deadline=None, max_examples=25)
def test_changes_of_all_versions_add_up_to_the_last(random_books: Books, data: st.DataObject) -> None:
    currency = data.draw(st.sampled_from(["GBP", "JPY"]))
    settled = Settled()
    changes: dict[str, Decimal] = {}
    for run_type in (RunType.INITIAL, RunType.RECALC, RunType.FINAL):
        book = data.draw(random_books(currency))
        # each version is read back from its file
        latest = {
            party: parse_csv(render_csv(statement))
            for party, statement in settled.run(book, run_type).items()
        }
        for party, statement in latest.items():
            changes[party] = changes.get(party, Decimal(0)) + statement.delta
        once = Settled()
        at_once = once.run(book, run_type)
        for party in latest.keys() | changes.keys():
            expected = at_once[party].total if party in at_once else 0
            assert changes[party] == expected
            assert party not in latest or latest[party].total == expected
        for account, balance in balances(settled.entries).items():
            assert balance == balances(once.entries).get(account, 0)


def balances(entries: list[Entry]) -> dict[str, Decimal]:
    """What every account has received less what it has paid."""
    found: dict[str, Decimal] = {}
    for entry in entries:
        assert entry.payer != entry.payee
        assert entry.payer.currency == entry.payee.currency
        for account, change in ((entry.payee, entry.amount), (entry.payer, -entry.amount)):
            found[account.account_id] = found.get(account.account_id, Decimal(0)) + change
    assert sum(found.values()) == 0
    return found


@given(data=st.data())
@settings(deadline=None, max_examples=60)
def test_shuffled_books_give_the_same_bytes(random_books: Books, data: st.DataObject) -> None:
    book = data.draw(random_books())
    shuffled = data.draw(st.permutations(book))
    for one, other in zip(statements_of(book).values(), statements_of(shuffled).values(), strict=True):
        assert render_csv(one) == render_csv(other)
