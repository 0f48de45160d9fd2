"""Which roles may call which method. A method without a line is refused, and fails a contract test."""

from collections.abc import Mapping
from types import MappingProxyType

from vpp.workflows.identity import HUB_STAFF, Role

EVERYONE = frozenset(Role)
_OPERATOR = frozenset({Role.MARKET_OPERATOR})
_DISPATCH = frozenset({Role.MARKET_OPERATOR, Role.DISPATCHER})
_SITE = frozenset({Role.SITE_AGENT, Role.SITE_OWNER})
_STATEMENTS = frozenset({Role.MARKET_OPERATOR, Role.SETTLEMENT_OFFICER, Role.AUDITOR, Role.SITE_OWNER})
_PAYING_OR_PAID = frozenset({Role.MARKET_OPERATOR, Role.SITE_OWNER})

_PORTFOLIO = {
    "CreateParty": _OPERATOR,
    "GetParty": EVERYONE,
    "ListParties": EVERYONE,
    "CreateSite": _SITE,
    "GetSite": EVERYONE,
    "ListSites": EVERYONE,
    "UpdateSite": _SITE,
    "ListSiteScores": EVERYONE,
    "CreateResource": _SITE,
    "GetResource": EVERYONE,
    "ListResources": EVERYONE,
    "UpdateResource": _SITE,
    "GetProduct": EVERYONE,
    "ListProducts": EVERYONE,
    "CreateEnrolment": _SITE,
    "GetEnrolment": EVERYONE,
    "ListEnrolments": EVERYONE,
    "ApproveEnrolment": _OPERATOR,
    "SuspendEnrolment": _OPERATOR,
    "WithdrawEnrolment": _SITE | _OPERATOR,
}
_TELEMETRY = {
    # Readings come from the site's own agent alone; nobody who approves statements changes them.
    "BackfillReadings": frozenset({Role.SITE_AGENT}),
    "QueryReadings": EVERYONE,
}
_BASELINE = {
    "GetBaseline": EVERYONE,
    "ListBaselines": EVERYONE,
    "VerifyBaseline": EVERYONE,
    "ListMeterEdits": EVERYONE,
    "GetRuleChoice": EVERYONE,
    "ListRuleChoices": EVERYONE,
    "GetForecast": EVERYONE,
    "ListForecasts": EVERYONE,
    "GetPortfolioForecast": EVERYONE,
    "CreateForecast": _DISPATCH | _SITE,
    "CreateLoadPlan": _SITE,
}
_AUCTION = {
    "CreateAuction": _OPERATOR,
    "GetAuction": EVERYONE,
    "ListAuctions": EVERYONE,
    "CancelAuction": _OPERATOR,
    "CreateBid": _SITE,
    "GetBid": EVERYONE,
    "ListBids": EVERYONE,
    "WithdrawBid": _SITE,
    "ListAwards": EVERYONE,
    "GetClearing": EVERYONE,
}
_EVENT = {
    "CreateEvent": _DISPATCH,
    "GetEvent": EVERYONE,
    "ListEvents": EVERYONE,
    "UpdateEvent": _DISPATCH,
    "CancelEvent": _DISPATCH,
    "WatchEvent": HUB_STAFF | _SITE,
    "ListLooks": HUB_STAFF,
    "ListInstructions": EVERYONE,
}
_SESSION = {"Connect": frozenset({Role.SITE_AGENT})}
_SETTLEMENT = {
    "GetStatement": _STATEMENTS,
    "ListStatements": _STATEMENTS,
    "DownloadStatement": _STATEMENTS,
    "CreateDispute": _PAYING_OR_PAID,
    "GetDispute": _STATEMENTS,
    "ListDisputes": _STATEMENTS,
}

ALLOWED: Mapping[str, frozenset[Role]] = MappingProxyType(
    {
        f"/vpp.v1.{service}/{method}": roles
        for service, methods in {
            "PortfolioService": _PORTFOLIO,
            "TelemetryService": _TELEMETRY,
            "BaselineService": _BASELINE,
            "AuctionService": _AUCTION,
            "EventService": _EVENT,
            "SessionService": _SESSION,
            "SettlementService": _SETTLEMENT,
        }.items()
        for method, roles in methods.items()
    }
)
