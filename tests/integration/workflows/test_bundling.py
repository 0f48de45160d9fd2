"""Bundles from a real database: they prove every statement of a period, and tell nobody of others' sites."""

import json
from datetime import timedelta

import pytest
from support.market import EVENING, GATE, RULES, Market, step_bid
from support.products import changed_product, shipped_products
from support.settled_evening import deliver, settle_evening
from support.settlement_desk import ANNA

from vpp.foundation.errors import InvalidInput, NotFound, WrongState
from vpp.foundation.interval import Interval
from vpp.settlement.bundle import read_bundle
from vpp.settlement.bundle_archive import unpack
from vpp.settlement.manifest_check import read_manifest, verify
from vpp.settlement.reckoned_statement import reckoned_statement
from vpp.settlement.verification import check_bundle, line_faults
from vpp.workflows.bundling import statement_bundle
from vpp.workflows.identity import Principal, Role
from vpp.workflows.records import StatementRecord
from vpp.workflows.settling import run_settlement

PERIOD = f"{EVENING.start:%Y-%m}"
PARTIES = ("grid", "hub", "owner-north-1", "owner-north-2")


def owner(party_id: str) -> Principal:
    return Principal(party_id, party_id, None, frozenset({Role.SITE_OWNER}))


def record_of(market: Market, statement_id: str) -> StatementRecord:
    with market.units(write=False) as uow:
        stored = uow.statements.get(statement_id)
    assert stored is not None
    return stored.value


def problems(market: Market, statement_id: str) -> list[str]:
    """Prove a statement from its bundle alone."""
    files = record_of(market, statement_id).files
    stem = next(name for name in files if name.endswith(".manifest.json")).removesuffix(".manifest.json")
    csv_bytes, manifest = files[f"{stem}.csv"], files[f"{stem}.manifest.json"]
    name, content = statement_bundle(market.units, ANNA, statement_id)
    assert name == f"{stem}.bundle.zip"
    bundle = read_bundle(content)
    return [
        *verify(csv_bytes, manifest, summary_bytes=files[f"{stem}.summary.csv"]),
        *check_bundle(csv_bytes, read_manifest(manifest), bundle),
        *(fault.text for fault in line_faults(csv_bytes, reckoned_statement(bundle))),
    ]


def test_every_version_of_every_statement_is_proved_by_its_bundle(market: Market) -> None:
    settle_evening(market, {"north-1": 100.0})
    first = {
        party_id: statement_bundle(market.units, ANNA, f"{party_id}-{PERIOD}-v1") for party_id in PARTIES
    }
    deliver(market, {"north-2": 50.0})
    run_settlement(market.units, RULES, PERIOD)
    with market.units(write=False) as uow:
        statement_ids = [stored.value.statement_id for stored in uow.statements.heads()]

    assert f"owner-north-2-{PERIOD}-v2" in statement_ids
    for statement_id in statement_ids:
        assert problems(market, statement_id) == [], statement_id
    # What was reckoned later changes nothing of what proves an earlier version.
    for party_id in PARTIES:
        assert statement_bundle(market.units, ANNA, f"{party_id}-{PERIOD}-v1") == first[party_id]


def test_an_owner_gets_its_own_and_nothing_of_others(market: Market) -> None:
    settle_evening(market, {"north-1": 100.0, "north-2": 50.0})
    caller = owner("owner-north-1")

    _, content = statement_bundle(market.units, caller, f"owner-north-1-{PERIOD}-v1")

    files, _ = unpack(content)
    assert all(b"north-2" not in each for each in files.values())
    for party_id in ("owner-north-2", "grid", "hub", "nobody"):
        with pytest.raises(NotFound) as caught:
            statement_bundle(market.units, caller, f"{party_id}-{PERIOD}-v1")
        assert str(caught.value) == f"statements/{party_id}-{PERIOD}-v1 does not exist"


def test_evidence_names_readings_rule_and_days(market: Market) -> None:
    settle_evening(market, {"north-1": 100.0, "north-2": 50.0})
    _, content = statement_bundle(market.units, owner("owner-north-1"), f"owner-north-1-{PERIOD}-v1")

    [evidence] = read_bundle(content).evidence()

    assert evidence.site_id == "north-1"
    assert evidence.meter.metered_kw == (900.0,) * 8
    assert evidence.baseline.adjusted_kw == (1000.0,) * 8
    assert evidence.baseline.days_used


def test_a_statement_that_is_older_than_its_evidence_has_no_bundle(market: Market) -> None:
    settle_evening(market, {"north-1": 100.0})
    old = record_of(market, f"hub-{PERIOD}-v1")
    with market.units() as uow:
        uow.statements.add(
            "hub-2025-01-v1",
            StatementRecord(
                statement_id="hub-2025-01-v1",
                party_id="hub",
                period="2025-01",
                version=1,
                run_type="initial",
                line_count=old.line_count,
                currency=old.currency,
                total=old.total,
                delta=old.delta,
                csv_sha256=old.csv_sha256,
                files={"statement_hub_2025-01_v1.csv": b"", "x.manifest.json": json.dumps({}).encode()},
            ),
        )
        uow.commit()

    with pytest.raises(WrongState, match="before evidence was kept"):
        statement_bundle(market.units, ANNA, "hub-2025-01-v1")


def test_who_owns_a_site_and_buys_from_another_gets_a_statement_that_is_proved(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lines rest on all sites of what it buys, and on sums where its own site serves beside others."""
    day = timedelta(days=1)
    pooled = changed_product(
        shipped_products()["example-peak-shaving"],
        product_id="pooled",
        money={"measured_as": "aggregate", "rounding": "event"},
    )
    with market.units() as uow:
        uow.products.add(pooled)
        uow.commit()
    market.enrol_in("pooled", "north-1", "north-2")
    market.open_auction(150.0, product_id="pooled")
    market.bid("north-1", 100.0, "60.37")
    market.bid("north-2", 100.0, "90.51")
    buyer = Principal("buyer", "owner-north-1", None, frozenset({Role.MARKET_OPERATOR, Role.DISPATCHER}))
    monkeypatch.setattr("support.market.OPERATOR", buyer)
    night = Interval(EVENING.start + day, EVENING.end + day)
    market.open_auction(33.3, auction_id="night", product_id="pooled", delivery=night)
    with pytest.raises(InvalidInput, match="nobody is paid by itself"):
        market.bid("north-1", 100.0, "10", bid=step_bid("north-1", 100.0, "10"), auction_id="night")
    market.bid("north-2", 100.0, "60.37", auction_id="night")
    market.advance(GATE + timedelta(minutes=1))
    market.advance(EVENING.end)
    deliver(market, {"north-1": 77.7, "north-2": 111.1})
    market.advance(night.end + timedelta(hours=4))
    run_settlement(market.units, RULES, PERIOD)

    with market.units(write=False) as uow:
        newest = {stored.value.party_id: stored.value for stored in uow.statements.heads()}
    assert {"grid", "hub", "owner-north-1", "owner-north-2"} == newest.keys()
    for record in newest.values():
        assert problems(market, record.statement_id) == [], record.statement_id
    _, content = statement_bundle(market.units, buyer, newest["owner-north-1"].statement_id)
    seen = {(each.event_id, each.site_id) for each in read_bundle(content).evidence()}
    assert seen == {("evening", "north-1"), ("night", "north-2")}
