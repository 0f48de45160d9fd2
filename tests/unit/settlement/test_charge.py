from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

from vpp.foundation.interval import Interval
from vpp.settlement.account import Account, AccountKind
from vpp.settlement.charge import Charge
from vpp.settlement.charge_subject import ChargeSubject
from vpp.settlement.entry import EntryKey
from vpp.settlement.line_code import LineCode
from vpp.settlement.site_delivery import SiteDelivery

OPERATOR = Account("grid", AccountKind.OPERATOR, "GBP")
SITE = Account("acme", AccountKind.SITE, "GBP", "north-1")
SPAN = Interval(datetime(2026, 3, 2, 17, tzinfo=UTC), datetime(2026, 3, 2, 18, tzinfo=UTC))


def charge(delivery: SiteDelivery | None, subject: ChargeSubject = ChargeSubject()) -> Charge:  # noqa: B008  frozen
    return Charge(
        LineCode.ENERGY, OPERATOR, SITE, delivery, SPAN, "", Decimal("1.00"), None, "", subject=subject
    )


def test_with_a_delivery_it_is_about_that(delivery: Callable[..., SiteDelivery]) -> None:
    found = charge(delivery())
    assert (found.payer_party_id, found.payee_party_id, found.currency) == ("grid", "acme", "GBP")
    assert (found.event_id, found.site_id, found.time_zone) == ("evening", "north-1", "Europe/London")
    assert (found.product_id, found.product_version) == ("evening-peak", 3)
    assert found.key == EntryKey("evening", "north-1", SPAN, LineCode.ENERGY)


def test_without_one_it_is_about_its_subject() -> None:
    subject = ChargeSubject("evening", "south-1", "peak", 2, "Asia/Tokyo", "adj-2026-03-1")
    found = charge(None, subject)
    assert (found.event_id, found.site_id, found.time_zone) == ("evening", "south-1", "Asia/Tokyo")
    assert (found.product_id, found.product_version) == ("peak", 2)
    assert found.key == EntryKey("evening", "south-1", SPAN, LineCode.ENERGY, "adj-2026-03-1")
