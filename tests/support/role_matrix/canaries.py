"""What a caller must never receive: ids, names and figures that belong to others, as they look in bytes."""

import struct
from collections.abc import Iterable
from functools import cache

from support.populated_hub import AUCTIONS, SITES, MadeAuction, MadeSite

from vpp.workflows.identity import Principal, Role

Canary = tuple[str, bytes]
_SETTLING = {Role.SETTLEMENT_OFFICER, Role.AUDITOR}
_BUYING = {Role.MARKET_OPERATOR, Role.DISPATCHER}
_SITE = {Role.SITE_AGENT, Role.SITE_OWNER}


def found_in(received: bytes, canaries: Iterable[Canary], request: bytes) -> list[str]:
    """Return which canaries are among the bytes received, but for those that the caller has sent itself."""
    return [label for label, pattern in canaries if pattern in received and pattern not in request]


def canaries_of(caller: Principal) -> tuple[Canary, ...]:
    """Return what a caller must never receive."""
    return _canaries(caller.principal_id, caller.party_id, caller.roles)


@cache
def every_canary() -> tuple[Canary, ...]:
    """Return everything that somebody must not receive."""
    found = [canary for site in SITES.values() for canary in (*_sealed(site), *_of_site(site))]
    found += [canary for auction in AUCTIONS.values() for canary in _of_auction(auction)]
    return tuple(found)


@cache
def _canaries(name: str, party_id: str, roles: frozenset[Role]) -> tuple[Canary, ...]:
    own = {site.site_id for site in SITES.values() if f"owner-{site.site_id}" == party_id}
    found = [canary for site in SITES.values() if site.site_id not in own for canary in _sealed(site)]
    if roles & _SETTLING:
        return tuple(found)
    for auction in AUCTIONS.values():
        if not _is_seen(auction, party_id, roles, own):
            found += _of_auction(auction)
    if roles & _SITE:
        found += [canary for site in SITES.values() if site.site_id not in own for canary in _of_site(site)]
    if Role.ADMINISTRATOR in roles:
        found += [canary for site in SITES.values() for canary in _figures(site)]
    if roles & _BUYING and party_id == "grid":
        found += [("the rival's name", b"parties/rival"), ("the rival's name", b"Rival operator")]
    assert found, name
    return tuple(found)


def _is_seen(auction: MadeAuction, party_id: str, roles: frozenset[Role], own: set[str]) -> bool:
    if roles & _BUYING:
        return auction.buyer.partition("-")[0] == party_id
    return bool(roles & _SITE) and any(SITES[site_id].zone == auction.zone for site_id in own)


def _sealed(site: MadeSite) -> list[Canary]:
    label = f"the sealed price of {site.site_id}"
    return [(label, site.sealed_price.encode()), (label, _money(site.sealed_price))]


def _of_site(site: MadeSite) -> list[Canary]:
    return [(f"the name of {site.site_id}", site.site_id.encode()), *_figures(site)]


def _figures(site: MadeSite) -> list[Canary]:
    return [
        (f"the load of {site.site_id}", struct.pack("<d", site.load_kw)),
        (f"the load of {site.site_id}", str(site.load_kw).encode()),
        (f"the connection of {site.site_id}", struct.pack("<d", site.import_limit_kw)),
    ]


def _of_auction(auction: MadeAuction) -> list[Canary]:
    name = auction.auction_id
    return [
        (f"the name of {name}", name.encode()),
        (f"the target of {name}", struct.pack("<d", auction.target_kw)),
        (f"the target of {name}", str(auction.target_kw).encode()),
        (f"the price cap of {name}", _money(auction.price_cap)),
    ]


def _money(price: str) -> bytes:
    """Return how google.type.Money writes a price: units and nanos, each a varint under its tag."""
    units, _, decimals = price.partition(".")
    return b"\x10" + _varint(int(units)) + b"\x18" + _varint(int(decimals.ljust(9, "0")))


def _varint(value: int) -> bytes:
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)
