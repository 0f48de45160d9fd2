"""Which roles may call which method. A method without a line is refused, and fails a contract test."""

from collections.abc import Mapping
from types import MappingProxyType

from vpp.workflows.identity import HUB_STAFF, Role

_METER_DATA = frozenset({Role.METER_DATA_MANAGER})
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
MARKET = frozenset(Role) - _METER_DATA - _ADMINISTRATOR
"""Who takes part in the market: staff, sites and their owners, each within what they see."""
_WITH_METER_DATA = MARKET | _METER_DATA
_WITH_ADMINISTRATOR = MARKET | _ADMINISTRATOR
_OPERATOR = frozenset({Role.MARKET_OPERATOR})
_DISPATCH = frozenset({Role.MARKET_OPERATOR, Role.DISPATCHER})
_SITE = frozenset({Role.SITE_AGENT, Role.SITE_OWNER})
_STATEMENTS = frozenset({Role.MARKET_OPERATOR, Role.SETTLEMENT_OFFICER, Role.AUDITOR, Role.SITE_OWNER})
_PAYING_OR_PAID = frozenset({Role.MARKET_OPERATOR, Role.SITE_OWNER})
_PRODUCT_DESK = frozenset({Role.MARKET_OPERATOR, Role.ADMINISTRATOR})
_OFFICER = frozenset({Role.SETTLEMENT_OFFICER})
_SETTLEMENT_DESK = frozenset({Role.MARKET_OPERATOR, Role.SETTLEMENT_OFFICER, Role.AUDITOR})
_GREEN_USERS = frozenset({Role.SETTLEMENT_OFFICER, Role.SITE_OWNER})
_GREEN_READERS = _GREEN_USERS | {Role.AUDITOR}
_ACCESS_READERS = _ADMINISTRATOR | {Role.AUDITOR}
_EVIDENCE = HUB_STAFF | {Role.SITE_OWNER}

_PORTFOLIO = {
    "CreateParty": _OPERATOR,
    "GetParty": _WITH_METER_DATA,
    "ListParties": _WITH_METER_DATA,
    "CreateSite": _SITE,
    "GetSite": _WITH_METER_DATA,
    "ListSites": _WITH_METER_DATA,
    "UpdateSite": _SITE,
    "ListSiteScores": MARKET,
    "CreateResource": _SITE,
    "GetResource": MARKET,
    "ListResources": MARKET,
    "UpdateResource": _SITE,
    "GetProduct": _WITH_ADMINISTRATOR,
    "ListProducts": _WITH_ADMINISTRATOR,
    "CreateEnrolment": _SITE,
    "GetEnrolment": MARKET,
    "ListEnrolments": MARKET,
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
    "GetBaseline": MARKET,
    "ListBaselines": MARKET,
    "VerifyBaseline": MARKET,
    "ListMeterEdits": MARKET,
    "GetRuleChoice": MARKET,
    "ListRuleChoices": MARKET,
    "GetForecast": MARKET,
    "ListForecasts": MARKET,
    "GetPortfolioForecast": MARKET,
    "CreateForecast": _DISPATCH | _SITE,
    "CreateLoadPlan": _SITE,
}
_AUCTION = {
    "CreateAuction": _OPERATOR,
    "GetAuction": MARKET,
    "ListAuctions": MARKET,
    "CancelAuction": _OPERATOR,
    "CreateBid": _SITE,
    "GetBid": MARKET,
    "ListBids": MARKET,
    "WithdrawBid": _SITE,
    "ListAwards": MARKET,
    "GetClearing": MARKET,
}
_PRODUCT_CHANGES = {
    # Two people: the workflow refuses an approval by whoever proposed, or for the same party.
    "CreateProductChange": _PRODUCT_DESK,
    "GetProductChange": _PRODUCT_DESK | {Role.AUDITOR},
    "ListProductChanges": _PRODUCT_DESK | {Role.AUDITOR},
    "AdoptProductChange": _PRODUCT_DESK,
    "ApproveProductChange": _PRODUCT_DESK,
    "RejectProductChange": _PRODUCT_DESK,
    "WithdrawProductChange": _PRODUCT_DESK,
}
_EVENT = {
    "CreateEvent": _DISPATCH,
    "GetEvent": MARKET,
    "ListEvents": MARKET,
    "UpdateEvent": _DISPATCH,
    "CancelEvent": _DISPATCH,
    "WatchEvent": HUB_STAFF | _SITE,
    "ListLooks": HUB_STAFF,
    "ListInstructions": MARKET,
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
    # A run names everybody's statements.
    "ListSettlementRuns": _OFFICER | {Role.AUDITOR},
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
_ACCESS = {
    # Who decides who may call decides nothing else: no market, no money, no readings.
    "GetPrincipal": _ACCESS_READERS,
    "ListPrincipals": _ACCESS_READERS,
    "SuspendPrincipal": _ADMINISTRATOR,
    "RestorePrincipal": _ADMINISTRATOR,
    "RevokeCertificate": _ADMINISTRATOR,
    "ListRevokedCertificates": _ACCESS_READERS,
    "ListSessions": _ACCESS_READERS,
}
_AUDIT = {
    # A party its own chain, auditors all; a site's agent its party's heads alone.
    "GetAuditHead": _EVIDENCE | {Role.SITE_AGENT},
    "ListAuditHeads": _EVIDENCE | {Role.SITE_AGENT},
    "ExportAuditChain": _EVIDENCE,
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
            "ProductChangeService": _PRODUCT_CHANGES,
            "SessionService": _SESSION,
            "SettlementService": _SETTLEMENT,
            "GreenCertificateService": _GREEN_CERTIFICATES,
            "AccessService": _ACCESS,
            "AuditService": _AUDIT,
        }.items()
        for method, roles in methods.items()
    }
)
