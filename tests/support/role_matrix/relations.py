"""How a caller stands to what a call is about: told apart here without asking the hub's own code."""

import enum

from support.populated_hub import AUCTIONS, ENROLS, SITES
from support.role_matrix.subjects import Subject

from vpp.workflows.identity import Principal, Role


class About(enum.Enum):
    """What of a subject a call is about.

    Attributes:
        NOTHING: Nothing that has an owner.
        SITE: The site, and what its owner enters about it.
        LOAD: The site's readings.
        EVENT: The settled event, or its auction.
        OPEN: The open auction.
        PART: What the event means for the site.
        PAID: What the site's owner is paid.
        BUYER: What the event's buyer pays.
        CHAIN: The record of the owner's party.
        ENROLLING: Whether the site may serve a product, about which one operator's people decide.
    """

    NOTHING = "nothing"
    SITE = "site"
    LOAD = "load"
    EVENT = "event"
    OPEN = "open"
    PART = "part"
    PAID = "paid"
    BUYER = "buyer"
    CHAIN = "chain"
    ENROLLING = "enrolling"


class Relation(enum.Enum):
    """How a caller stands to it.

    Attributes:
        OWN: It is the caller's own site's or party's.
        BUYER: The caller acts for the operator that buys it, or has called the site.
        OTHER_BUYER: The caller acts for another operator.
        MARKET: The caller's site is enrolled in the event's product in its zone.
        SETTLING: The caller settles or audits.
        METER: The caller answers for meter data.
        STRANGER: None of these.
    """

    OWN = "own"
    BUYER = "buyer"
    OTHER_BUYER = "other buyer"
    MARKET = "market"
    SETTLING = "settling"
    METER = "meter"
    STRANGER = "stranger"


_BUYING = {Role.MARKET_OPERATOR, Role.DISPATCHER}
_CALLED_BY = {"alder": {"grid", "rival"}, "birch": {"grid", "rival"}, "cedar": {"rival"}}
"""Which operators have called which site."""


def relation(caller: Principal, subject: Subject, about: About) -> Relation:
    """Tell how a caller stands to what a call is about."""
    roles = caller.roles
    if Role.AUDITOR in roles or (Role.SETTLEMENT_OFFICER in roles and about is not About.CHAIN):
        return Relation.SETTLING
    if Role.METER_DATA_MANAGER in roles:
        return Relation.METER if about in {About.SITE, About.LOAD} else Relation.STRANGER
    if roles & _BUYING:
        return _as_buyer(caller, subject, about)
    return _as_site(caller, subject, about)


def _as_buyer(caller: Principal, subject: Subject, about: About) -> Relation:
    if about in {About.PAID, About.CHAIN}:
        return Relation.STRANGER
    if about is About.ENROLLING:
        return Relation.BUYER if caller.party_id == ENROLS else Relation.STRANGER
    bought = subject.buyer_id == caller.party_id
    if about is About.LOAD:
        bought = caller.party_id in _CALLED_BY.get(subject.site_id, set())
    return Relation.BUYER if bought else Relation.OTHER_BUYER


def _as_site(caller: Principal, subject: Subject, about: About) -> Relation:
    if about in {About.EVENT, About.OPEN}:
        auction = AUCTIONS.get(subject.event_id if about is About.EVENT else subject.open_id)
        own = {site.zone for site in SITES.values() if f"owner-{site.site_id}" == caller.party_id}
        return Relation.MARKET if auction is not None and auction.zone in own else Relation.STRANGER
    is_own = about is not About.BUYER and caller.party_id == subject.party_id
    return Relation.OWN if is_own else Relation.STRANGER
