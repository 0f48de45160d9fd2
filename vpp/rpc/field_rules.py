"""Who may read which field of an answer. A field without a rule is read by nobody, and fails a contract test.

The workflows decide which objects a caller sees; these rules say what of an object a role sees, and are
applied once more to every answer as it leaves, whatever a workflow has put into it.
"""

from collections.abc import Mapping
from typing import TypeAlias

from vpp.workflows.identity import BUYERS, SEES_EVERYTHING, Role

Readers: TypeAlias = frozenset[Role]
CALLERS: Readers = frozenset(Role)
"""Everybody who may call the method, and sees the object."""
WHOLE: Readers = SEES_EVERYTHING | BUYERS
"""Who sees all of what is bought. A site does not: from a sum it could work out the others' part."""
SETTLING: Readers = SEES_EVERYTHING
"""Who settles, and who audits that."""
NOT_BUYERS: Readers = CALLERS - BUYERS
"""Whoever a site's own affairs concern; not who buys from it."""

FIELDS: Mapping[str, str | Mapping[Readers, str]] = {
    # AccessService
    "Principal": "name party site roles person state reason decider decide_time etag",
    "ListPrincipalsResponse": "principals next_page_token",
    "RevokedCertificate": "name reason decider revoke_time",
    "ListRevokedCertificatesResponse": "revoked_certificates next_page_token",
    "ListSessionsResponse": "sessions next_page_token",
    "LiveSession": "principal method open_time certificate_serial expire_time",
    # AuctionService
    "Auction": (
        "name product zone delivery_interval target_reduction_kw cap_price_per_mwh gate_closure_time "
        "rebound_headroom_kw state event create_time update_time etag buyer_terms uniform_price tie_rule "
        "direction"
    ),
    "BuyerTerms": (
        "allows_over_delivery margin_ratio has_loss_reserve min_site_count max_start_ramp_kw "
        "max_release_ramp_kw activation_ratio zone_limits feeder_limits site_limits path_limits"
    ),
    "ZoneLimit": "zone local_target_kw max_reduction_kw max_rebound_kw",
    "FeederLimit": "feeder sites max_reduction_kw max_rebound_kw",
    "SiteLimit": "site party max_rebound_kw",
    "PathLimit": "from_zone to_zone max_moved_kw",
    "ListAuctionsResponse": "auctions next_page_token",
    "Bid": (
        "name resource auction product step_offer block_offer store_offer energy_limit_kwh rebound "
        "delivery_ratio exclusive_group parent_bid run_limits migration_leg availability_price_per_kw_h "
        "expire_time state reason reason_detail create_time update_time etag direction rebound_profile "
        "zone commitment opening"
    ),
    "StepOffer": "intervals",
    "StepList": "steps",
    "PriceStep": "reduction_kw price_per_mwh",
    "BlockOffer": "profile_kw price_per_mwh fixed_cost_amount min_acceptance_ratio",
    "StoreOffer": (
        "discharge_kw charge_kw capacity_kwh reserve_kwh start_kwh end_kwh price_per_mwh "
        "charge_efficiency_ratio discharge_efficiency_ratio hold_ratio cycle_limit_kwh"
    ),
    "Rebound": "return_ratio deadline_interval_count max_return_kw",
    "RunLimits": (
        "min_run_duration max_run_duration rest_duration max_call_count min_level_kw start_cost_amount"
    ),
    "MigrationLeg": "receiving_zone receiving_ratio",
    "ReboundProfile": "return_ratio",
    "BidOpening": "content nonce",
    "ListBidsResponse": "bids next_page_token",
    "ListAwardsResponse": "awards next_page_token",
    "Award": (
        "name event bid resource delivery_interval reduction_kw rebound_kw price_per_mwh "
        "make_whole_amount reason state"
    ),
    "Clearing": {
        CALLERS: "event status clearing_price_per_mwh solver document_json create_time",
        WHOLE: "shortfall_kw objective_amount bound_amount gap_ratio solve_duration input_hash",
    },
    # AuditService
    "AuditHead": "name chain entry_count entry_hash sign_time key_id signature",
    "ListAuditHeadsResponse": "audit_heads next_page_token",
    "ExportAuditChainResponse": "content",
    # BaselineService
    "Baseline": (
        "event site method days_used raw adjustment_kw adjusted adjusted_series freeze_time baseline_id "
        "version_number rule_digest engine_version data_version adjustment_ratio capped notes score flags"
    ),
    "PowerSeries": "start_time sample_interval net_power_kw",
    "RuleScore": (
        "baseline_id version_number rule_digest verified scored passed verdict event_count missing_count "
        "rrmse_ratio bias_ratio median_relative_error_ratio variability_ratio p90_absolute_error_ratio "
        "rmae_ratio raw_rrmse_ratio raw_bias_ratio"
    ),
    "BaselineFlag": "kind reason",
    "ListBaselinesResponse": "baselines next_page_token",
    "VerifyBaselineResponse": "matches differences",
    "ListMeterEditsResponse": "edits next_page_token",
    "MeterEdit": "interval flag reason raw_kw edited_kw",
    "RuleChoice": (
        "site product version_number season baseline_id rule_digest recommended reason scores "
        "engine_version data_version create_time"
    ),
    "ListRuleChoicesResponse": "choices next_page_token",
    "Forecast": "site create_time method p10 p50 p90 kind notes",
    "ListForecastsResponse": "forecasts next_page_token",
    "PortfolioForecast": "sites missing_sites create_time p10 p50 p90 error_day_count notes",
    "LoadPlan": "site plan create_time",
    # EventService
    "Event": {
        CALLERS: (
            "name product zone delivery_interval target_reduction_kw cap_price_per_mwh auction state "
            "failure_reason modification_number create_time update_time etag purpose sites direction"
        ),
        WHOLE: "awarded_reduction_kw",
    },
    "ListEventsResponse": "events next_page_token",
    "WatchEventResponse": {
        CALLERS: (
            "event instruction_counts present_target_kw present_delivered_kw target_energy_kwh "
            "delivered_energy_kwh status_time planned_energy_kwh expected_energy_kwh intervals "
            "site_counts"
        ),
        WHOLE: "reserve_kw",
    },
    "InstructionCount": "state instruction_count",
    "IntervalDelivery": "start_time target_kw instructed_kw delivered_kw expected_kw metered_ratio",
    "SiteCount": "delivery site_count",
    "ListLooksResponse": "looks next_page_token",
    "Look": (
        "due_time look_time modification_number intervals planned_energy_kwh expected_energy_kwh "
        "reserve_kw site_counts actions"
    ),
    "TrackingAction": "kind site resource change_kw award release_offset",
    "ListInstructionsResponse": "instructions next_page_token",
    "Instruction": (
        "name event site delivery_interval settlement_interval target_reduction_kw resource_targets "
        "baseline_kw modification_number expire_time state reason reason_detail accepted_reduction_kw "
        "create_time update_time purpose start_offset release_offset answer direction"
    ),
    "ResourceTarget": "resource reduction_kw",
    # GreenCertificateService
    "ImportGreenCertificatesResponse": "certificate_count",
    "WithdrawGreenCertificatesResponse": "certificate_count",
    "GreenCertificate": "name issuer serial kind first_day last_day party state site settlement_period",
    "ListGreenCertificatesResponse": "green_certificates next_page_token",
    "AllocateGreenCertificatesResponse": "green_share",
    "GreenShare": (
        "site settlement_period share_ratio metered_kwh gap_ratio counted_kwh allocated_count "
        "retired_count uncovered_kwh left_over_kwh"
    ),
    "ReleaseGreenCertificatesResponse": "green_share",
    "RetireGreenCertificatesResponse": "green_share",
    "ListGreenSharesResponse": "green_shares next_page_token",
    # PortfolioService
    "Party": "name display_name kind create_time update_time etag",
    "ListPartiesResponse": "parties next_page_token",
    "Site": {
        CALLERS: (
            "name party display_name zone time_zone import_limit_kw metering_interval create_time "
            "update_time etag"
        ),
        NOT_BUYERS: "minimum_load_kw",
    },
    "ListSitesResponse": "sites next_page_token",
    "ListSiteScoresResponse": "scores next_page_token",
    "SiteScore": (
        "site event purpose delivery_start_time target_kw observability_ratio measurability_ratio "
        "controllability_ratio event_observed_ratio month_observed_ratio error_kw error_source "
        "doubtful_ratio reached_ratio response_delay full_delay ramp_kw_per_min steadiness_ratio"
    ),
    "Resource": "name kind envelope create_time update_time etag",
    "FlexibilityEnvelope": (
        "max_reduction_kw min_reduction_kw response_time min_duration max_duration energy_budget_kwh "
        "recovery_ratio recovery_duration max_increase_kw increase_budget_kwh"
    ),
    "ListResourcesResponse": "resources next_page_token",
    "Product": (
        "name version_number display_name trigger notice_min_duration min_duration max_duration "
        "settlement_interval recovery_duration min_bid_kw increment_kw floor_price_per_mwh "
        "cap_price_per_mwh pay_rule band_low_ratio band_full_ratio band_cap_ratio baseline_id "
        "currency_code profile_json direction max_bid_kw activation notice_max_duration "
        "gate_closure_lead_duration telemetry_interval excluded_products"
    ),
    "ListProductsResponse": "products next_page_token",
    "Enrolment": "name site product state create_time update_time etag",
    "ListEnrolmentsResponse": "enrolments next_page_token",
    # ProductChangeService
    "ProductChange": (
        "name product version_number from_version_number document document_json reason state proposed_by "
        "decided_by create_time decide_time differences"
    ),
    "ProductChange.Difference": "field before after",
    "ListProductChangesResponse": "product_changes next_page_token",
    # SessionService
    "ConnectResponse": "welcome delivery telemetry_acknowledgement refusal heartbeat",
    "Welcome": "hub_time telemetry_sequence heartbeat_interval audit_head",
    "Delivery": (
        "sequence invitation award_notice instruction baseline_notice cancellation signed_delivery site "
        "issue_time trace_parent"
    ),
    "Invitation": "auction settlement_interval recovery_interval_count sheddable_load_kw",
    "AwardNotice": "event awards rejected_bids direction",
    "BaselineNotice": "event delivery_interval baseline_kw method",
    "Cancellation": "instruction event modification_number",
    "SignedDelivery": "delivery signature key_id",
    "TelemetryAcknowledgement": "held_sequence",
    "Refusal": "refused_message telemetry_sequence reason detail retry_delay",
    "Heartbeat": "agent_time",
    # SettlementService
    "Statement": {
        CALLERS: (
            "name party settlement_period version_number run_type line_count total_amount delta_amount "
            "csv_sha256 create_time dispute_deadline_time"
        ),
        SETTLING: "settlement_run",
    },
    "ListStatementsResponse": "statements next_page_token",
    "DownloadStatementResponse": "file_name content",
    "Dispute": (
        "name statement line_number description state resolution create_time decided_by decide_time "
        "adjustments settlement_period party raised_by measure_again"
    ),
    "ListDisputesResponse": "disputes next_page_token",
    "RunSettlementResponse": "progress result",
    "RunSettlementResponse.Progress": "stage done_count total_count",
    "RunSettlementResponse.Result": "settlement_run changes notes waiting_reason",
    "SettlementRun": (
        "name settlement_period run_number run_type as_of_time evidence_sha256 code_version actor "
        "entry_count statements create_time"
    ),
    "RunSettlementResponse.Change": "party version_number changed_line_count total_amount delta_amount",
    "ListSettlementRunsResponse": "settlement_runs next_page_token",
    "DownloadBundleResponse": "file_name content",
    "ListBalancesResponse": "balances next_page_token",
    "Balance": "account party kind site balance_amount",
    "Adjustment": (
        "name settlement_period payer payee adjustment_amount reason event site dispute state proposed_by "
        "decided_by create_time decide_time"
    ),
    "ListAdjustmentsResponse": "adjustments next_page_token",
    "RuleCorrection": (
        "name event product from_version_number to_version_number reason state proposed_by decided_by "
        "create_time decide_time"
    ),
    "ListRuleCorrectionsResponse": "rule_corrections next_page_token",
    # TelemetryService
    "BackfillReadingsResponse": "new_sample_count held_sequence",
    "QueryReadingsResponse": "power_series",
    "ImportReadingsResponse": "reading_import new notes",
    "ReadingImport": {
        CALLERS: "site device version_number interval sample_interval reading_count sha256 import_time",
        NOT_BUYERS: "source_name imported_by",
    },
    "ListReadingImportsResponse": "reading_imports",
}
"""Fields of every message that can be part of an answer: for all callers, or by who may read them."""


def readers_by_field() -> dict[str, dict[str, Readers]]:
    """Return who may read each field, by message and field."""
    found: dict[str, dict[str, Readers]] = {}
    for message, rules in FIELDS.items():
        by_readers = {CALLERS: rules} if isinstance(rules, str) else rules
        found[message] = {
            field: readers for readers, fields in by_readers.items() for field in fields.split()
        }
    return found
