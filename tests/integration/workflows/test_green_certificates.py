"""Green certificates from the registry's account to the share that is told, each used once."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from support.market import Market

from vpp.foundation.errors import AlreadyExists, InvalidInput, NotFound, VppError, WrongState
from vpp.settlement.green_certificate import GreenCertificate, GreenCertificateKind, GreenCertificateState
from vpp.settlement.green_share import GreenShare
from vpp.telemetry.quality import MeterQuality
from vpp.workflows.green_certificates import (
    allocate_certificates,
    import_certificates,
    release_certificates,
    retire_certificates,
    withdraw_certificates,
)
from vpp.workflows.green_shares import (
    get_certificate,
    get_green_share,
    list_certificates,
    list_green_shares,
    month_of,
)
from vpp.workflows.identity import Principal, Role
from vpp.workflows.revenue_records import RevenueImport, RevenueReadings
from vpp.workflows.visibility import PageRequest

MONTH = "2026-02"
OFFICER = Principal("officer", "hub", None, frozenset({Role.SETTLEMENT_OFFICER}))
OWNER = Principal("owner", "owner-north-1", None, frozenset({Role.SITE_OWNER}))
OTHER = Principal("other", "owner-north-2", None, frozenset({Role.SITE_OWNER}))
FIRST = "11111111-1111-4111-8111-111111111111"
HELD = GreenCertificateState.HELD
DAYS = 28


@pytest.fixture
def metered(market: Market) -> Market:
    """Site north-1 used 1 000 kW all through February: 672 MWh; north-2 nothing that anybody knows."""
    start = datetime(2026, 2, 1, tzinfo=UTC)
    market.meter("north-1", 100, start, np.full(DAYS * 288, 1000.0))
    return market


def certificates(count: int, *, day: date = date(2026, 2, 1), issuer: str = "rego") -> list[GreenCertificate]:
    kind = GreenCertificateKind.WIND
    return [GreenCertificate(issuer, f"{n:05d}", OWNER.party_id, kind, day, day) for n in range(count)]


def entered(market: Market, count: int, **changes: Any) -> list[str]:  # noqa: ANN401  as `certificates`
    made = certificates(count, **changes)
    assert import_certificates(market.units, OFFICER, made, request_id="") == count
    return [one.certificate_id for one in made]


def allocate(market: Market, principal: Principal = OWNER, **request: Any) -> GreenShare:  # noqa: ANN401  the request's fields
    fields: dict[str, Any] = {"site_id": "north-1", "period": MONTH, "request_id": ""} | request
    return allocate_certificates(market.units, principal, **fields)


def everything(market: Market) -> object:
    with market.units(write=False) as uow:
        return uow.green_certificates.page(), uow.requests.page(), len(uow.audit.page(limit=100_000))


def refused(market: Market, error: type[VppError], message: str, call: Callable[[], object]) -> None:
    before = everything(market)
    with pytest.raises(error, match=message):
        call()
    assert everything(market) == before


def test_eighty_percent_takes_the_fewest_certificates_and_the_oldest_first(metered: Market) -> None:
    newer = entered(metered, 300)
    older = entered(metered, 300, day=date(2026, 1, 31), issuer="gec")
    share = allocate(metered, share_ratio=Decimal("0.80"))
    assert share.counted_kwh == share.metered_kwh == 672_000
    assert (share.allocated, share.share_ratio) == (538, Decimal("0.80"))  # 537.6 rounded up
    assert (share.uncovered_kwh, share.left_over_kwh) == (134_000, 0)
    with metered.units(write=False) as uow:
        used = set(uow.green_certificates.used("north-1", MONTH))
    assert used == {*older, *newer[:238]}


def test_what_is_told_already_takes_nothing_more(metered: Market) -> None:
    entered(metered, 600)
    first = allocate(metered, share_ratio=Decimal("0.80"))
    assert allocate(metered, share_ratio=Decimal("0.80")) == first
    assert allocate(metered, share_ratio=Decimal("0.5")) == first
    assert allocate(metered, count=1).allocated == 539


def test_no_more_is_set_aside_than_was_used_nor_than_is_held(metered: Market) -> None:
    entered(metered, 700)
    refused(
        metered,
        InvalidInput,
        "certificate_count is 673, expected 0 to 672: north-1 used 672000.000 kWh in 2026-02 at most",
        lambda: allocate(metered, count=673),
    )
    assert allocate(metered, count=672).share_ratio == 1
    refused(metered, InvalidInput, "expected 0 to 0", lambda: allocate(metered, count=1))
    refused(
        metered,
        WrongState,
        "parties/owner-north-2 holds 0 certificates that are free, expected 5",
        lambda: allocate(metered, OTHER, site_id="north-2", count=5),
    )


def test_a_used_certificate_is_never_used_again(metered: Market) -> None:
    ids = entered(metered, 10)
    allocate(metered, count=6)
    used_up = retire_certificates(metered.units, OWNER, site_id="north-1", period=MONTH, request_id="")
    assert (used_up.allocated, used_up.retired) == (0, 6)
    allocate(metered, count=4)
    refused(metered, WrongState, "holds 0 certificates", lambda: allocate(metered, count=1))
    back = release_certificates(metered.units, OWNER, site_id="north-1", period=MONTH, request_id="")
    assert (back.allocated, back.retired) == (0, 6)
    with metered.units(write=False) as uow:
        states = {one.value.certificate_id: one.value.state for one in uow.green_certificates.page()}
    assert [states[one] for one in ids].count(HELD) == 4
    refused(
        metered,
        WrongState,
        f"certificate {ids[0]} is RETIRED for north-1 in 2026-02, cannot become WITHDRAWN",
        lambda: withdraw_certificates(metered.units, OFFICER, ids, reason="sold", request_id=""),
    )


def test_an_id_is_entered_once_whoever_holds_it(metered: Market) -> None:
    entered(metered, 3)
    again = [replace(one, party_id=OTHER.party_id) for one in certificates(5)]
    refused(
        metered,
        AlreadyExists,
        "3 of 5 certificates have been entered before, the first is rego-00000; nothing was entered",
        lambda: import_certificates(metered.units, OFFICER, again, request_id=""),
    )
    twice = [*certificates(1, issuer="gec"), *certificates(1, issuer="gec")]
    refused(
        metered,
        InvalidInput,
        "certificate gec-00000 is there twice",
        lambda: import_certificates(metered.units, OFFICER, twice, request_id=""),
    )
    refused(
        metered,
        InvalidInput,
        "request has 0 certificates",
        lambda: import_certificates(metered.units, OFFICER, [], request_id=""),
    )
    stranger = [replace(one, party_id="nobody") for one in certificates(1, issuer="gec")]
    refused(
        metered,
        NotFound,
        "parties/nobody does not exist",
        lambda: import_certificates(metered.units, OFFICER, stranger, request_id=""),
    )


def test_what_was_withdrawn_stays_known_and_is_never_used(metered: Market) -> None:
    ids = entered(metered, 3)
    assert withdraw_certificates(metered.units, OFFICER, ids[:2], reason="sold", request_id="") == 2
    refused(metered, WrongState, "holds 1 certificates", lambda: allocate(metered, count=2))
    with pytest.raises(AlreadyExists):
        entered(metered, 1)
    refused(
        metered,
        NotFound,
        "greenCertificates/rego-none does not exist",
        lambda: withdraw_certificates(
            metered.units, OFFICER, [ids[2], "rego-none"], reason="sold", request_id=""
        ),
    )


def test_a_repeat_has_no_second_effect_and_other_content_is_refused(metered: Market) -> None:
    made = certificates(5)
    for _ in range(2):
        assert import_certificates(metered.units, OFFICER, made, request_id=FIRST) == 5
    second = FIRST.replace("1111-1111", "2222-2222")
    for _ in range(2):
        assert allocate(metered, count=2, request_id=second).allocated == 2
    refused(metered, AlreadyExists, "make a new one", lambda: allocate(metered, count=3, request_id=second))
    third = FIRST.replace("1111-1111", "3333-3333")
    for _ in range(2):
        released = release_certificates(
            metered.units, OWNER, site_id="north-1", period=MONTH, request_id=third
        )
        assert released.allocated == 0
    assert allocate(metered, count=1).allocated == 1
    fourth = FIRST.replace("1111-1111", "4444-4444")
    for _ in range(2):
        gone = withdraw_certificates(metered.units, OFFICER, ["rego-00004"], reason="sold", request_id=fourth)
        assert gone == 1


def test_gaps_count_as_much_as_the_connection_carries(market: Market) -> None:
    """Readings of fourteen days are missing; feeding in counts nothing."""
    start = datetime(2026, 2, 1, tzinfo=UTC)
    market.meter("north-1", 100, start, [*np.full(7 * 288, 1000.0), *np.full(3 * 288, -500.0)])
    share = get_green_share(market.units, OWNER, "north-1", MONTH)
    known_days = (
        7 + 12
    )  # the first week, three days of feeding in, and from the 17th on, which was there before
    assert share.metered_kwh == known_days * 24 * 1000
    assert share.gap_hours == 24 * (DAYS - known_days - 3)
    assert share.counted_kwh == share.metered_kwh + share.gap_hours * 3000
    assert share.gap_ratio == pytest.approx(6 / 28)


@pytest.mark.parametrize("step", [timedelta(minutes=15), timedelta(hours=1)])
def test_what_the_revenue_meter_read_holds(metered: Market, step: timedelta) -> None:
    """It read 1 200 kW on the second, where the site told of 1 000; a bad reading on the third is a gap."""
    start, count = datetime(2026, 2, 2, tzinfo=UTC), int(timedelta(days=2) / step)
    quality = np.full(count, MeterQuality.OK, dtype=np.int8)
    quality[count // 2 :] = MeterQuality.BAD
    readings = RevenueReadings(start, step, np.full(count, 1200.0), quality)
    entry = RevenueImport(
        *("north-1", "", 1, readings.span, step, count, "meter.csv", "0" * 64, "manager"),
        imported_at=metered.clock.now(),
    )
    with metered.units() as uow:
        uow.revenue.add(entry, readings)
        uow.commit()
    share = get_green_share(metered.units, OWNER, "north-1", MONTH)
    assert share.metered_kwh == 24 * (26 * 1000 + 1200)
    assert (share.gap_hours, share.counted_kwh - share.metered_kwh) == (24, 24 * 3000)


def test_a_month_is_the_sites_own_and_has_to_be_over(market: Market) -> None:
    with market.units(write=False) as uow:
        site = uow.sites.get("north-1")
    assert site is not None
    tokyo = replace(site.value, time_zone="Asia/Tokyo")
    assert month_of(tokyo, MONTH).start == datetime(2026, 1, 31, 15, tzinfo=UTC)
    march = month_of(site.value, "2026-03")
    assert march.duration == timedelta(hours=743)  # the clocks go forward
    assert month_of(site.value, "2026-10").duration == timedelta(hours=745)
    half_past = replace(site.value, time_zone="Asia/Kolkata", metering_interval=timedelta(hours=1))
    assert month_of(half_past, MONTH).start == datetime(2026, 1, 31, 19, tzinfo=UTC)  # midnight is 18:30
    refused(
        market,
        WrongState,
        "2026-03 ends at north-1 on 2026-03-31T23:00:00.00:00",
        lambda: allocate(market, period="2026-03", count=1),
    )
    refused(
        market,
        InvalidInput,
        "settlement_period is '2026-13'",
        lambda: allocate(market, period="2026-13", count=1),
    )
    for both in ({}, {"count": 1, "share_ratio": Decimal(1)}):
        refused(market, InvalidInput, "either a count", lambda both=both: allocate(market, **both))


def test_others_see_nothing_of_it(metered: Market) -> None:
    (certificate_id,) = entered(metered, 1)
    page = PageRequest()
    assert list_certificates(metered.units, OTHER, page, where={}).items == ()
    assert list_certificates(metered.units, OTHER, page, where={"party_id": OWNER.party_id}).items == ()
    assert len(list_certificates(metered.units, OWNER, page, where={"state": "held"}).items) == 1
    assert len(list_certificates(metered.units, OFFICER, page, where={}).items) == 1
    for name in (certificate_id, "rego-none"):
        with pytest.raises(NotFound, match=f"greenCertificates/{name} does not exist"):
            get_certificate(metered.units, OTHER, name)
    assert get_certificate(metered.units, OWNER, certificate_id).value.certificate_id == certificate_id
    refused(metered, NotFound, "sites/north-1 does not exist", lambda: allocate(metered, OTHER, count=1))
    assert [one.site_id for one in list_green_shares(metered.units, OTHER, MONTH, page).items] == ["north-2"]
    both = list_green_shares(metered.units, OFFICER, MONTH, PageRequest(page_size=1))
    assert ([one.site_id for one in both.items], both.next_page_token) == (["north-1"], "north-1")


def test_every_step_is_written_down_with_what_it_was_about(metered: Market) -> None:
    entered(metered, 4)
    allocate(metered, count=3)
    retire_certificates(metered.units, OFFICER, site_id="north-1", period=MONTH, request_id="")
    with metered.units(write=False) as uow:
        records = [one for one in uow.audit.page(limit=100_000) if "certificates" in one.detail]
    told = [(one.actor, one.action, one.subject, one.detail["certificates"]) for one in records]
    assert told == [
        ("officer", "import_certificates", "parties/owner-north-1", "4"),
        ("owner", "allocate_certificates", "sites/north-1", "3"),
        ("officer", "retire_certificates", "sites/north-1", "3"),
    ]
    last = records[-1]
    assert (last.before, last.after) == (
        {"allocated": "3", "retired": "0"},
        {"allocated": "0", "retired": "3"},
    )
    detail = last.detail
    assert (detail["period"], detail["first"], detail["last"]) == (MONTH, "rego-00000", "rego-00002")
