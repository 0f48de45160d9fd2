"""Tenders, bids, clearings and awards."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping as Row

from vpp.auction.bid import Bid, StepOffer
from vpp.auction.buyer import ANY_TERMS
from vpp.auction.commitment import BidSeal
from vpp.auction.rules import TieRule, UniformPrice
from vpp.auction.tender import Tender, TenderState
from vpp.storage.repository import TableMapping, Values
from vpp.storage.rows.conditions import (
    conditions_of,
    document_of_conditions,
    document_of_terms,
    terms_of,
)
from vpp.storage.rows.delivery import delivery_columns, delivery_of
from vpp.storage.rows.direction import direction_column, direction_of
from vpp.storage.rows.offer import document_of_offer, document_of_rebound, offer_of, rebound_of
from vpp.storage.tables.auction import AUCTIONS, AWARDS, CLEARINGS
from vpp.workflows.records import AwardRecord, BidRecord, BidState, ClearingRecord, CoveredBid


def _tender_row(tender: Tender) -> Values:
    return {
        "auction_id": tender.auction_id,
        "product_id": tender.product_id,
        "product_version": tender.product_version,
        "zone": tender.zone,
        **delivery_columns(tender.delivery),
        "target_reduction_kw": tender.target_reduction_kw,
        "price_cap_per_mwh": tender.price_cap_per_mwh,
        "gate_closes_at": tender.gate_closes_at,
        "rebound_headroom_kw": tender.rebound_headroom_kw,
        "operator_party_id": tender.operator_party_id,
        "state": tender.state.value,
        "terms": None if tender.terms == ANY_TERMS else document_of_terms(tender.terms),
        "uniform_price": tender.uniform_price.value,
        "tie_rule": tender.tie_rule.value,
        "direction": direction_column(tender.direction),
    }


def _tender(row: Row) -> Tender:
    return Tender(
        auction_id=row["auction_id"],
        product_id=row["product_id"],
        product_version=row["product_version"],
        zone=row["zone"],
        delivery=delivery_of(row),
        target_reduction_kw=row["target_reduction_kw"],
        price_cap_per_mwh=row["price_cap_per_mwh"],
        gate_closes_at=row["gate_closes_at"],
        rebound_headroom_kw=row["rebound_headroom_kw"],
        operator_party_id=row["operator_party_id"],
        state=TenderState(row["state"]),
        terms=ANY_TERMS if row["terms"] is None else terms_of(row["terms"]),
        uniform_price=UniformPrice(row["uniform_price"] or UniformPrice.FIXED_BINARIES.value),
        tie_rule=TieRule(row["tie_rule"] or TieRule.PRICE_TIME.value),
        direction=direction_of(row["direction"]),
    )


def open_columns(record: BidRecord) -> Values:
    """Return what is stored in the clear of every bid, sealed or not: whose it is, for what, since when."""
    bid, seal = record.bid, record.seal
    return {
        "bid_id": bid.bid_id,
        "site_id": bid.site_id,
        "resource_id": bid.resource_id,
        "zone": bid.zone,
        "submitted_at": bid.submitted_at,
        "auction_id": record.auction_id,
        "product_id": record.product_id,
        "expires_at": record.expires_at,
        "state": record.state.value,
        "commitment": None if seal is None else seal.commitment,
        "currency": None if seal is None else seal.currency,
    }


def offered_columns(record: BidRecord) -> Values:
    """Return what a bid offers and how it fared, which is encrypted as long as the bid is sealed."""
    bid, seal = record.bid, record.seal
    return {
        "delivery_ratio": bid.delivery_ratio,
        "offer": document_of_offer(bid.offer),
        "energy_limit_kwh": bid.energy_limit_kwh,
        "rebound": None if bid.rebound is None else document_of_rebound(bid.rebound),
        "exclusive_group": bid.exclusive_group,
        "parent_bid_id": bid.parent_bid_id,
        "conditions": document_of_conditions(bid),
        "reason": record.reason,
        "reason_detail": record.reason_detail,
        "commitment_nonce": None if seal is None else seal.nonce.hex(),
    }


def bid_of(row: Row, offered: Row | Mapping[str, Any], *, is_open: bool) -> BidRecord:
    """Make a bid again.

    Args:
        row: What is stored in the clear of every bid.
        offered: What it offers, as `offered_columns` has it: the same row, or what was sealed.
        is_open: Whether that is stored in the clear.
    """
    rebound, nonce = offered["rebound"], offered["commitment_nonce"]
    bid = Bid(
        bid_id=row["bid_id"],
        site_id=row["site_id"],
        resource_id=row["resource_id"],
        zone=row["zone"],
        submitted_at=row["submitted_at"],
        delivery_ratio=float(offered["delivery_ratio"]),
        offer=offer_of(offered["offer"]),
        energy_limit_kwh=offered["energy_limit_kwh"],
        rebound=None if rebound is None else rebound_of(rebound),
        exclusive_group=offered["exclusive_group"],
        parent_bid_id=offered["parent_bid_id"],
        **conditions_of(offered["conditions"]),
    )
    seal = None
    if row["commitment"] is not None:
        seal = BidSeal(row["commitment"], bytes.fromhex(nonce or ""), row["currency"] or "", is_open)
    return BidRecord(
        bid=bid,
        auction_id=row["auction_id"],
        product_id=row["product_id"],
        expires_at=row["expires_at"],
        state=BidState(row["state"]),
        reason=offered["reason"],
        reason_detail=offered["reason_detail"],
        seal=seal,
    )


def covered_bid_of(row: Row, fault: str) -> BidRecord:
    """Make what is shown of a bid whose content is not: its offer says nothing."""
    bid = Bid(
        bid_id=row["bid_id"],
        site_id=row["site_id"],
        resource_id=row["resource_id"],
        zone=row["zone"],
        submitted_at=row["submitted_at"],
        delivery_ratio=0.0,
        offer=StepOffer(steps=()),
    )
    return BidRecord(
        bid=bid,
        auction_id=row["auction_id"],
        product_id=row["product_id"],
        expires_at=row["expires_at"],
        state=BidState(row["state"]),
        reason=row["reason"],
        reason_detail=row["reason_detail"],
        seal=BidSeal(row["commitment"] or "", b"", row["currency"] or ""),
        covered=CoveredBid(row["sealed"], row["sealing_key"] or "", fault),
    )


def _clearing_row(clearing: ClearingRecord) -> Values:
    return {"event_id": clearing.event_id, "document": dict(clearing.document)}


def _clearing(row: Row) -> ClearingRecord:
    return ClearingRecord(event_id=row["event_id"], document=row["document"])


def _award_row(award: AwardRecord) -> Values:
    return {
        "award_id": award.award_id,
        "event_id": award.event_id,
        "bid_id": award.bid_id,
        "site_id": award.site_id,
        "resource_id": award.resource_id,
        **delivery_columns(award.delivery),
        "reduction_kw": award.reduction_kw,
        "rebound_kw": award.rebound_kw,
        "price_per_mwh": [str(price) for price in award.price_per_mwh],
        "make_whole": award.make_whole,
        "reason": award.reason,
    }


def _award(row: Row) -> AwardRecord:
    return AwardRecord(
        award_id=row["award_id"],
        event_id=row["event_id"],
        bid_id=row["bid_id"],
        site_id=row["site_id"],
        resource_id=row["resource_id"],
        delivery=delivery_of(row),
        reduction_kw=row["reduction_kw"],
        rebound_kw=row["rebound_kw"],
        price_per_mwh=tuple(Decimal(price) for price in row["price_per_mwh"]),
        make_whole=row["make_whole"],
        reason=row["reason"],
    )


TENDER_MAPPING = TableMapping(
    AUCTIONS, _tender_row, _tender, frozenset({"state", "product_id", "zone", "operator_party_id"})
)
CLEARING_MAPPING = TableMapping(CLEARINGS, _clearing_row, _clearing)
AWARD_MAPPING = TableMapping(AWARDS, _award_row, _award, frozenset({"event_id", "site_id", "bid_id"}))
