"""From what one site is paid in one event to amounts between its owner, the operator and the aggregator."""

from collections.abc import Iterator
from dataclasses import dataclass

from vpp.settlement.account import Account, AccountKind
from vpp.settlement.charge import Charge
from vpp.settlement.cut import Cut
from vpp.settlement.exact_units import MinorUnit, price_of
from vpp.settlement.line_code import LineCode
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.site_payments import WHOLE, SitePayments

FEE_NOTE = "share of the interval's energy and availability amounts"
NOTHING_PAID = "this product pays no energy"


@dataclass(frozen=True, slots=True)
class SiteAccounts:
    """The accounts between which one site's delivery is settled.

    Attributes:
        operator: Who pays.
        site: Who is paid.
        fees: Where the aggregator's fee goes, and its additions come from.
        penalties: Where penalties go.
    """

    operator: Account
    site: Account
    fees: Account
    penalties: Account


def unsettled_because(delivery: SiteDelivery, aggregator_party_id: str) -> str:
    """Say why nothing can be booked for a delivery; empty if it can.

    A party that bought from itself, or kept a fee of itself, would owe itself money.
    """
    parties = (delivery.party_id, delivery.operator_party_id, aggregator_party_id)
    if len(set(parties)) == len(parties) and all(parties):
        return ""
    return (
        f"{delivery.event_id}: {delivery.site_id} is not settled, because its owner, the operator and the "
        f"aggregator are {', '.join(map(repr, parties))}, expected three parties"
    )


def accounts_of(payments: SitePayments, aggregator_party_id: str) -> SiteAccounts:
    """Find the accounts of a delivery that can be settled."""
    delivery, currency = payments.delivery, payments.site.terms.currency
    operator_party_id, shortfall = delivery.operator_party_id, payments.site.terms.shortfall
    keeps = shortfall is not None and shortfall.is_kept_by_aggregator
    return SiteAccounts(
        operator=Account(operator_party_id, AccountKind.OPERATOR, currency),
        site=Account(delivery.party_id, AccountKind.SITE, currency, delivery.site_id),
        fees=Account(aggregator_party_id, AccountKind.FEE, currency),
        penalties=Account(aggregator_party_id if keeps else operator_party_id, AccountKind.PENALTY, currency),
    )


def site_charges(payments: SitePayments, accounts: SiteAccounts) -> Iterator[Charge]:
    """Settle one site in one event.

    Per settlement interval: ENERGY always, AVAILABILITY where the product pays it, AGG_FEE where the
    aggregator keeps something or SITE_SHARE where it adds something, PENALTY where there is a shortfall to
    charge. Then MAKE_WHOLE once, if owed. The fee is a share of the interval's rounded payments and is
    rounded once itself.

    Args:
        payments: What the operator pays, after all cuts.
        accounts: Between which accounts.

    Yields:
        The charges in order of time; within an interval in the order above.
    """
    delivery, site, cuts = payments.delivery, payments.site, payments.cuts
    terms, unit, energies = site.terms, site.terms.unit, payments.energy
    operator, owner, ready_of = accounts.operator, accounts.site, payments.ready
    per_mwh, amount, share, pays = f"{terms.currency}/MWh", unit.amount, terms.share, terms.pays_energy
    no_fee, no_pay = share.ratio is not None and not share.ratio[0], None if pays else NOTHING_PAID
    for n, performance in enumerate(payments.performances):
        measured, local_start, paid = delivery.intervals[n], delivery.local_starts[n], energies[n]
        interval, note = measured.interval, performance.note
        cut = cuts.get((n, LineCode.ENERGY), ()) if cuts else ()
        if cut:
            note = _with_cuts(note, cut, unit)
        elif no_pay:
            note = f"{note}; {no_pay}" if note else no_pay
        yield Charge(
            LineCode.ENERGY,
            operator,
            owner,
            delivery,
            interval,
            local_start,
            amount(paid),
            performance.price_per_mwh if pays else None,
            per_mwh if pays else "",
            measured,
            performance,
            None,
            note,
            cut,
        )
        if ready_of and (ready := ready_of[n]) is not None:
            paid += payments.availability[n]
            cut = cuts.get((n, LineCode.AVAILABILITY), ())
            yield Charge(
                LineCode.AVAILABILITY,
                operator,
                owner,
                delivery,
                interval,
                local_start,
                amount(payments.availability[n]),
                ready.price,
                ready.price_unit,
                None,
                None,
                ready.kw_h,
                _with_cuts(ready.note, cut, unit),
                cut,
            )
        if not no_fee and (fee := _fee(payments, accounts, n, paid)) is not None:
            yield fee
        if site.basis_wh[n]:
            yield Charge(
                LineCode.PENALTY,
                owner,
                accounts.penalties,
                delivery,
                interval,
                local_start,
                performance.penalty_amount,
                performance.penalty_price_per_mwh,
                per_mwh,
                None,
                performance,
            )
    if payments.make_whole is not None:
        cut = cuts.get((WHOLE, LineCode.MAKE_WHOLE), ())
        yield Charge(
            LineCode.MAKE_WHOLE,
            operator,
            owner,
            delivery,
            delivery.delivery,
            delivery.local_starts[0],
            amount(payments.make_whole),
            None,
            "",
            note=_with_cuts(payments.make_whole_note, cut, unit),
            cuts=cut,
        )


def _fee(payments: SitePayments, accounts: SiteAccounts, n: int, paid: int) -> Charge | None:
    """Return what the aggregator keeps of an interval, or adds to it; None for nothing."""
    site, delivery = payments.site, payments.delivery
    terms, unit = site.terms, site.terms.unit
    share, interval = terms.share, delivery.intervals[n].interval
    if share.ratio is not None:
        fee = share.of_payments(paid)
        price, price_unit, note = share.shown_ratio, "ratio", FEE_NOTE
    else:
        micros, payable_wh = site.prices[n].micros, site.payable_wh[n]
        before, after = unit.rounded(payable_wh, micros), payments.energy[n]
        kept = (after, before) if before > 0 else (1, 1)
        fee = share.of_energy(payable_wh, micros, kept, unit)
        site_micros = share.site_price_micros(micros)
        price, price_unit = price_of(abs(micros - site_micros)), f"{terms.currency}/MWh"
        note = (
            f"{payments.performances[n].payable_kwh:f} kWh at {price_of(micros):f} less the site's "
            f"{price_of(site_micros):f} {price_unit}"
        )
        if after != before:
            note += f", cut to {unit.amount(after)} of {unit.amount(before)}"
    if not fee:
        return None
    # A fee below zero by ratio stays a fee: it is a share of a payment that is below zero itself.
    adds = fee < 0 and share.ratio is None
    return Charge(
        LineCode.SITE_SHARE if adds else LineCode.AGG_FEE,
        accounts.fees if adds else accounts.site,
        accounts.site if adds else accounts.fees,
        delivery,
        interval,
        delivery.local_starts[n],
        unit.amount(-fee if adds else fee),
        price,
        price_unit,
        note=note,
    )


def _with_cuts(note: str, cuts: tuple[Cut, ...], unit: MinorUnit) -> str:
    """Add to a note what limits left of an amount."""
    for cut in cuts:
        text = (
            f"cut from {unit.amount(cut.before)} to {unit.amount(cut.after)}: {cut.limit} is "
            f"{unit.amount(cut.available)}, owed were {unit.amount(cut.owed)}"
        )
        note = f"{note}; {text}" if note else text
    return note
