"""Which roles may call which method. A method without a line is refused, and fails a contract test."""

from collections.abc import Mapping
from types import MappingProxyType

from vpp.workflows.identity import HUB_STAFF, Role

_METER_DATA = frozenset({Role.METER_DATA_MANAGER})
EVERYONE = frozenset(Role) - _METER_DATA
"""Who takes part in the market: staff, sites and their owners."""
_WITH_METER_DATA = EVERYONE | _METER_DATA
_OPERATOR = frozenset({Role.MARKET_OPERATOR})
_DISPATCH = frozenset({Role.MARKET_OPERATOR, Role.DISPATCHER})
_SITE = frozenset({Role.SITE_AGENT, Role.SITE_OWNER})
_STATEMENTS = frozenset({Role.MARKET_OPERATOR, Role.SETTLEMENT_OFFICER, Role.AUDITOR, Role.SITE_OWNER})
_PAYING_OR_PAID = frozenset({Role.MARKET_OPERATOR, Role.SITE_OWNER})
_OFFICER = frozenset({Role.SETTLEMENT_OFFICER})
_SETTLEMENT_DESK = frozenset({Role.MARKET_OPERATOR, Role.SETTLEMENT_OFFICER, Role.AUDITOR})
_GREEN_USERS = frozenset({Role.SETTLEMENT_OFFICER, Role.SITE_OWNER})
_GREEN_READERS = _GREEN_USERS | {Role.AUDITOR}

_PORTFOLIO = {
    "CreateParty": _OPERATOR,
    "GetParty": _WITH_METER_DATA,
    "ListParties": _WITH_METER_DATA,
    "CreateSite": _SITE,
    "GetSite": _WITH_METER_DATA,
    "ListSites": _WITH_METER_DATA,
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
    "QueryReadings": _WITH_METER_DATA,
    "ImportReadings": _METER_DATA,
    "ListReadingImports": _WITH_METER_DATA,
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
    "DownloadBundle": _STATEMENTS,
    "ListBalances": _STATEMENTS,
    # Who is paid or pays objects; settlement staff decide, and never about what they raised themselves.
    "CreateDispute": _PAYING_OR_PAID | _OFFICER,
    "GetDispute": _STATEMENTS,
    "ListDisputes": _STATEMENTS,
    "UpholdDispute": _OFFICER,
    "RejectDispute": _OFFICER,
    "WithdrawDispute": _PAYING_OR_PAID | _OFFICER,
    "RunSettlement": _OFFICER,
    "ListSettlementRuns": _SETTLEMENT_DESK,
    # Two people: the workflows refuse a decision by whoever proposed.
    "CreateAdjustment": _OFFICER,
    "ApproveAdjustment": _OFFICER,
    "RejectAdjustment": _OFFICER,
    "WithdrawAdjustment": _OFFICER,
    "GetAdjustment": _STATEMENTS,
    "ListAdjustments": _STATEMENTS,
    "CreateRuleCorrection": _OFFICER,
    "ApproveRuleCorrection": _OFFICER,
    "RejectRuleCorrection": _OFFICER,
    "WithdrawRuleCorrection": _OFFICER,
    "GetRuleCorrection": _SETTLEMENT_DESK,
    "ListRuleCorrections": _SETTLEMENT_DESK,
}
_GREEN_CERTIFICATES = {
    # What a registry's account shows is entered by whoever settles, and used by whoever owns the site.
    "ImportGreenCertificates": frozenset({Role.SETTLEMENT_OFFICER}),
    "WithdrawGreenCertificates": frozenset({Role.SETTLEMENT_OFFICER}),
    "GetGreenCertificate": _GREEN_READERS,
    "ListGreenCertificates": _GREEN_READERS,
    "AllocateGreenCertificates": _GREEN_USERS,
    "ReleaseGreenCertificates": _GREEN_USERS,
    "RetireGreenCertificates": _GREEN_USERS,
    "GetGreenShare": _GREEN_READERS,
    "ListGreenShares": _GREEN_READERS,
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
            "GreenCertificateService": _GREEN_CERTIFICATES,
        }.items()
        for method, roles in methods.items()
    }
)
