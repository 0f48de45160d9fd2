"""A buyer's terms, and the choices of how a book is priced, on the wire."""

from collections.abc import Sequence

from vpp.auction.buyer import ANY_TERMS, BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.auction.rules import TieRule, UniformPrice
from vpp.foundation.names import identifier, name
from vpp.rpc.wire.enum_fields import member
from vpp.v1 import auction_pb2
from vpp.v1 import buyer_pb2 as pb


def buyer_terms(message: auction_pb2.Auction) -> BuyerTerms:
    """Read what the buyer of an auction asks; one value may stand for every interval."""
    if not message.HasField("buyer_terms"):
        return ANY_TERMS
    terms = message.buyer_terms
    return BuyerTerms(
        allows_over_delivery=terms.allows_over_delivery if terms.HasField("allows_over_delivery") else True,
        margin_ratio=terms.margin_ratio,
        has_loss_reserve=terms.has_loss_reserve,
        min_site_count=terms.min_site_count,
        max_start_ramp_kw=terms.max_start_ramp_kw if terms.HasField("max_start_ramp_kw") else None,
        max_release_ramp_kw=terms.max_release_ramp_kw if terms.HasField("max_release_ramp_kw") else None,
        activation_ratio=terms.activation_ratio if terms.HasField("activation_ratio") else 1.0,
        zones=tuple(
            ZoneLimit(
                zone.zone,
                _profile(zone.local_target_kw),
                _profile(zone.max_reduction_kw),
                _profile(zone.max_rebound_kw),
            )
            for zone in terms.zone_limits
        ),
        feeders=tuple(
            FeederLimit(
                feeder.feeder,
                tuple(identifier(site, "sites") for site in feeder.sites),
                _profile(feeder.max_reduction_kw),
                _profile(feeder.max_rebound_kw),
            )
            for feeder in terms.feeder_limits
        ),
        sites=tuple(
            SiteLimit(
                identifier(site.site, "sites"),
                identifier(site.party, "parties") if site.party else "",
                _profile(site.max_rebound_kw),
            )
            for site in terms.site_limits
        ),
        paths=tuple(
            PathLimit(path.from_zone, path.to_zone, tuple(path.max_moved_kw)) for path in terms.path_limits
        ),
    )


def _profile(values_kw: Sequence[float]) -> tuple[float, ...] | None:
    return tuple(values_kw) or None


def buyer_terms_message(terms: BuyerTerms) -> pb.BuyerTerms:
    """Write what the buyer asks."""
    return pb.BuyerTerms(
        allows_over_delivery=terms.allows_over_delivery,
        margin_ratio=terms.margin_ratio,
        has_loss_reserve=terms.has_loss_reserve,
        min_site_count=terms.min_site_count,
        max_start_ramp_kw=terms.max_start_ramp_kw,
        max_release_ramp_kw=terms.max_release_ramp_kw,
        activation_ratio=terms.activation_ratio,
        zone_limits=[
            pb.ZoneLimit(
                zone=zone.zone,
                local_target_kw=zone.local_target_kw,
                max_reduction_kw=zone.max_reduction_kw,
                max_rebound_kw=zone.max_rebound_kw,
            )
            for zone in terms.zones
        ],
        feeder_limits=[
            pb.FeederLimit(
                feeder=feeder.feeder_id,
                sites=[name("sites", site_id) for site_id in feeder.site_ids],
                max_reduction_kw=feeder.max_reduction_kw,
                max_rebound_kw=feeder.max_rebound_kw,
            )
            for feeder in terms.feeders
        ],
        site_limits=[
            pb.SiteLimit(
                site=name("sites", site.site_id),
                party=name("parties", site.party_id) if site.party_id else "",
                max_rebound_kw=site.max_rebound_kw,
            )
            for site in terms.sites
        ],
        path_limits=[
            pb.PathLimit(from_zone=path.from_zone, to_zone=path.to_zone, max_moved_kw=path.max_moved_kw)
            for path in terms.paths
        ],
    )


def uniform_price(message: auction_pb2.Auction, default: UniformPrice) -> UniformPrice:
    """Read which uniform price is published; unspecified leaves it to the hub."""
    if message.uniform_price == pb.UNIFORM_PRICE_UNSPECIFIED:
        return default
    given = pb.UniformPrice.Name(message.uniform_price)
    return member(UniformPrice, given, "UNIFORM_PRICE_", "auction.uniform_price")


def tie_rule(message: auction_pb2.Auction, default: TieRule) -> TieRule:
    """Read who serves when several ask the same; unspecified leaves it to the hub."""
    if message.tie_rule == pb.TIE_RULE_UNSPECIFIED:
        return default
    return member(TieRule, pb.TieRule.Name(message.tie_rule), "TIE_RULE_", "auction.tie_rule")


def uniform_price_value(choice: UniformPrice) -> pb.UniformPrice.ValueType:
    """Write which uniform price is published."""
    return pb.UniformPrice.Value(f"UNIFORM_PRICE_{choice.name}")


def tie_rule_value(rule: TieRule) -> pb.TieRule.ValueType:
    """Write who serves when several ask the same."""
    return pb.TieRule.Value(f"TIE_RULE_{rule.name}")
