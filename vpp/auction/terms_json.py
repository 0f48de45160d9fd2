"""A buyer's terms as JSON: the JSON form of `vpp.v1.BuyerTerms`."""

from dataclasses import dataclass
from typing import Any

from vpp.auction.bid_json import MOST_HORIZON, MOST_INTERVALS, ZONE, ZONE_EXPECTED
from vpp.auction.buyer import ANY_TERMS, BuyerTerms, FeederLimit, PathLimit, SiteLimit, ZoneLimit
from vpp.auction.json_fields import JsonObject, Names, refused
from vpp.auction.json_values import without_zeros
from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import identifier, name

TERMS_NAMES = Names(
    "allows_over_delivery",
    "margin_ratio",
    "has_loss_reserve",
    "min_site_count",
    "max_start_ramp_kw",
    "max_release_ramp_kw",
    "activation_ratio",
    "zone_limits",
    "feeder_limits",
    "site_limits",
    "path_limits",
)
_ZONE = Names("zone", "local_target_kw", "max_reduction_kw", "max_rebound_kw")
_FEEDER = Names("feeder", "sites", "max_reduction_kw", "max_rebound_kw")
_SITE = Names("site", "party", "max_rebound_kw")
_PATH = Names("from_zone", "to_zone", "max_moved_kw")
_MOST_ZONES = 1_000
_MOST_FEEDERS = 10_000
_MOST_SITES = 100_000
_LONGEST_FEEDER = 64


@dataclass(frozen=True, slots=True)
class TermsReader:
    """Reads a buyer's terms.

    Attributes:
        interval_count: Number of delivery intervals.
        horizon_count: Number of delivery and recovery intervals.
    """

    interval_count: int
    horizon_count: int

    def terms(self, fields: JsonObject | None) -> BuyerTerms:
        """Read a buyer's terms; where one value stands for every interval, repeat it.

        Raises:
            InvalidInput: A field is unknown or unreadable, or has another number of values.
        """
        if fields is None:
            return ANY_TERMS
        return BuyerTerms(
            allows_over_delivery=fields.flag("allows_over_delivery", default=True),
            margin_ratio=fields.number("margin_ratio"),
            has_loss_reserve=fields.flag("has_loss_reserve", default=False),
            min_site_count=fields.count("min_site_count", most=_MOST_SITES),
            max_start_ramp_kw=fields.some_number("max_start_ramp_kw"),
            max_release_ramp_kw=fields.some_number("max_release_ramp_kw"),
            activation_ratio=fields.number("activation_ratio", 1.0),
            zones=tuple(map(self._zone, fields.objects("zone_limits", _ZONE, most=_MOST_ZONES))),
            feeders=tuple(map(self._feeder, fields.objects("feeder_limits", _FEEDER, most=_MOST_FEEDERS))),
            sites=tuple(map(self._site, fields.objects("site_limits", _SITE, most=_MOST_SITES))),
            paths=tuple(map(self._path, fields.objects("path_limits", _PATH, most=_MOST_FEEDERS))),
        )

    def _zone(self, fields: JsonObject) -> ZoneLimit:
        return ZoneLimit(
            zone=fields.matching("zone", ZONE, ZONE_EXPECTED),
            local_target_kw=self._profile(fields, "local_target_kw", self.interval_count),
            max_reduction_kw=self._profile(fields, "max_reduction_kw", self.horizon_count),
            max_rebound_kw=self._profile(fields, "max_rebound_kw", self.horizon_count),
        )

    def _feeder(self, fields: JsonObject) -> FeederLimit:
        feeder_id = fields.text("feeder", longest=_LONGEST_FEEDER)
        if not feeder_id:
            raise refused(fields.at("feeder"), feeder_id, "the feeder's name")
        sites = fields.items("sites", most=_MOST_SITES)
        return FeederLimit(
            feeder_id=feeder_id,
            site_ids=tuple(_id(site, "sites", f"{fields.at('sites')}[{n}]") for n, site in enumerate(sites)),
            max_reduction_kw=self._profile(fields, "max_reduction_kw", self.horizon_count),
            max_rebound_kw=self._profile(fields, "max_rebound_kw", self.horizon_count),
        )

    def _site(self, fields: JsonObject) -> SiteLimit:
        party = fields.text("party", longest=_LONGEST_FEEDER * 2)
        return SiteLimit(
            site_id=_id(fields.raw("site", "sites/{id}"), "sites", fields.at("site")),
            party_id=_id(party, "parties", fields.at("party")) if party else "",
            max_rebound_kw=self._profile(fields, "max_rebound_kw", self.horizon_count),
        )

    def _path(self, fields: JsonObject) -> PathLimit:
        fields.raw("max_moved_kw", "a list")
        return PathLimit(
            from_zone=fields.matching("from_zone", ZONE, ZONE_EXPECTED),
            to_zone=fields.matching("to_zone", ZONE, ZONE_EXPECTED),
            max_moved_kw=self._profile(fields, "max_moved_kw", self.interval_count) or (),
        )

    def _profile(self, fields: JsonObject, field_name: str, count: int) -> tuple[float, ...] | None:
        most = MOST_INTERVALS if count == self.interval_count else MOST_HORIZON
        values = fields.numbers(field_name, most=most)
        if not values:
            return None
        if len(values) not in (1, count):
            raise refused(fields.at(field_name), f"a list of {len(values)}", f"1 value, or {count}")
        return values * count if len(values) == 1 else values


def _id(full_name: object, collection: str, path: str) -> str:
    try:
        return identifier(str(full_name), collection)
    except InvalidInput as error:
        raise refused(path, full_name, f"{collection}/{{id}}") from error


def terms_to_document(terms: BuyerTerms) -> dict[str, Any]:
    """Write a buyer's terms; what is at its default is left out.

    Example:
        >>> terms_to_document(BuyerTerms(margin_ratio=0.1, allows_over_delivery=False))
        {'allowsOverDelivery': False, 'marginRatio': 0.1}
    """
    document: dict[str, Any] = {}
    if not terms.allows_over_delivery:
        document["allowsOverDelivery"] = False
    document |= without_zeros(
        marginRatio=terms.margin_ratio,
        hasLossReserve=terms.has_loss_reserve,
        minSiteCount=terms.min_site_count,
    )
    document |= _given(maxStartRampKw=terms.max_start_ramp_kw, maxReleaseRampKw=terms.max_release_ramp_kw)
    if terms.activation_ratio != 1:
        document["activationRatio"] = terms.activation_ratio
    if terms.zones:
        document["zoneLimits"] = [_zone_document(zone) for zone in terms.zones]
    if terms.feeders:
        document["feederLimits"] = [_feeder_document(feeder) for feeder in terms.feeders]
    if terms.sites:
        document["siteLimits"] = [_site_document(site) for site in terms.sites]
    if terms.paths:
        document["pathLimits"] = [
            {"fromZone": path.from_zone, "toZone": path.to_zone, "maxMovedKw": list(path.max_moved_kw)}
            for path in terms.paths
        ]
    return document


def _zone_document(limit: ZoneLimit) -> dict[str, Any]:
    return {"zone": limit.zone} | _profiles(
        localTargetKw=limit.local_target_kw,
        maxReductionKw=limit.max_reduction_kw,
        maxReboundKw=limit.max_rebound_kw,
    )


def _feeder_document(limit: FeederLimit) -> dict[str, Any]:
    sites = [name("sites", site_id) for site_id in limit.site_ids]
    return {"feeder": limit.feeder_id, "sites": sites} | _profiles(
        maxReductionKw=limit.max_reduction_kw, maxReboundKw=limit.max_rebound_kw
    )


def _site_document(limit: SiteLimit) -> dict[str, Any]:
    document = {"site": name("sites", limit.site_id)}
    if limit.party_id:
        document["party"] = name("parties", limit.party_id)
    return document | _profiles(maxReboundKw=limit.max_rebound_kw)


def _profiles(**profiles: tuple[float, ...] | None) -> dict[str, Any]:
    return {key: list(values) for key, values in profiles.items() if values is not None}


def _given(**values: float | None) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
