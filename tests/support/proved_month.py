"""A small month that is settled and proved: three sites of two owners in two events, version after version.

The first event is judged site by site, the second as an aggregate with a budget, so that a site's lines owe
something to the others'. Everything is pure; no hub and no database is needed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache, cached_property

from support.products import shipped_products

from vpp.foundation.interval import Interval
from vpp.portfolio.money_rules import PayRule
from vpp.portfolio.pay_parts import BudgetTerms
from vpp.portfolio.product import ProductProfile
from vpp.settlement.adjustment import Adjustment, AdjustmentState
from vpp.settlement.booking_changes import Booked, party_lines
from vpp.settlement.bundle import Bundle, RunFacts
from vpp.settlement.charge import Charge
from vpp.settlement.entry import EntryKey
from vpp.settlement.evidence import AroundEvent, BaselineEvidence, MeterEvidence, SiteEvidence
from vpp.settlement.evidence_delivery import delivery_of
from vpp.settlement.evidence_document import evidence_digest, evidence_document
from vpp.settlement.evidence_seal import evidence_seal
from vpp.settlement.manifest import ManifestFacts, manifest_name, render_manifest, sha256_of
from vpp.settlement.product_digest import product_digest
from vpp.settlement.reckoning import Reckoning, reckon
from vpp.settlement.run_terms import RunTerms
from vpp.settlement.run_type import RunType
from vpp.settlement.site_delivery import SiteDelivery
from vpp.settlement.statement_file import csv_pieces, file_name
from vpp.settlement.statement_head import StatementHead, statement_id_of
from vpp.settlement.statement_tally import StatementTally
from vpp.settlement.summary_file import render_summary_csv, summary_file_name
from vpp.telemetry.quality import MeterQuality

PERIOD, OPERATOR, AGGREGATOR = "2026-03", "grid", "hub"
START = datetime(2026, 3, 2, 17, tzinfo=UTC)
STEP = timedelta(minutes=15)
OWNERS = {"north-1": "owner-a", "north-2": "owner-a", "west-1": "owner-b"}
EVENTS = ("alone", "together")
COUNT = 4
SETTLED_AT = datetime(2026, 4, 8, 6, tzinfo=UTC)


@cache
def products() -> dict[str, ProductProfile]:
    """Return the product of each event: the example of peak shaving, and its image that judges the sum."""
    alone = shipped_products()["example-peak-shaving"]
    money = alone.money.model_copy(
        update={"measured_as": "aggregate", "budget": BudgetTerms(amount=Decimal(120), per="event")}
    )
    together = alone.model_copy(update={"product_id": "example-together", "money": money})
    return {"alone": alone, "together": together}


def site_evidence(event_id: str, site_id: str, metered_kw: Sequence[float]) -> SiteEvidence:
    """Make evidence of a site that sold 100 kW below a baseline of 500 kW."""
    start = START + timedelta(days=EVENTS.index(event_id))
    span = Interval(start, start + COUNT * STEP)
    product = products()[event_id]
    return SiteEvidence(
        event_id=event_id,
        product_id=product.product_id,
        product_version=product.version,
        operator_party_id=OPERATOR,
        site_id=site_id,
        site_name=f"Site {site_id} 上海",
        party_id=OWNERS[site_id],
        party_name=f"Company of {OWNERS[site_id]}",
        time_zone="Europe/London",
        boundary="poc",
        span=span,
        direction=product.call.direction,
        award_ids=(f"{event_id}-{site_id}",),
        dispatch_id=f"{event_id}-{site_id}-1",
        award_kw=(100.0,) * COUNT,
        target_kw=(100.0,) * COUNT,
        price_per_mwh=(Decimal("84.25"),) * COUNT,
        price_basis=PayRule.AS_CLEAR,
        local_starts=tuple((start + n * STEP).isoformat() for n in range(COUNT)),
        make_whole=Decimal("1.50") if site_id == "north-1" else Decimal(0),
        baseline=BaselineEvidence(
            rule_id="",
            rule_digest=product.baseline.rule.digest,
            days_used=(date(2026, 2, 25), date(2026, 2, 26), date(2026, 2, 27)),
            raw_kw=(490.0,) * COUNT,
            adjusted_kw=(500.0,) * COUNT,
            elsewhere_kw=(0.0,) * COUNT,
            loss_ratio=1.0,
            note="",
            remarks=("a day with an event was left out",),
        ),
        meter=MeterEvidence(
            f"{site_id}-poc", "telemetry", tuple(metered_kw), (MeterQuality.OK,) * COUNT, data_version=7
        ),
        around=AroundEvent(Decimal("-1.250"), Decimal("12.500")),
        read_at=START + timedelta(days=3),
    )


def first_evidence() -> dict[tuple[str, str], SiteEvidence]:
    """Return the evidence of the first version by event and site: enough, too little and more than asked."""
    metered_kw = {
        "north-1": (400.0, 395.0, 410.0, 402.5),
        "north-2": (460.0,) * COUNT,
        "west-1": (350.0,) * COUNT,
    }
    return {
        (event_id, site_id): site_evidence(event_id, site_id, loads)
        for event_id in EVENTS
        for site_id, loads in metered_kw.items()
    }


def with_metered(evidence: SiteEvidence, metered_kw: Sequence[float]) -> SiteEvidence:
    """Return evidence with other readings."""
    meter = replace(evidence.meter, metered_kw=tuple(metered_kw), data_version=8)
    return replace(evidence, meter=meter)


def adjustment(payer: str = OPERATOR, payee: str = "owner-a", amount: str = "12.34") -> Adjustment:
    """Make an adjustment that two people agreed to."""
    return Adjustment(
        adjustment_id=f"adj-{PERIOD}-1",
        period=PERIOD,
        payer_party_id=payer,
        payee_party_id=payee,
        amount=Decimal(amount),
        currency=products()["alone"].money.currency,
        reason="meter was read a day late",
        event_id="alone",
        site_id="north-1",
        dispute_id="",
        state=AdjustmentState.APPROVED,
        proposed_by="ann",
        decided_by="bob",
        decided_at=SETTLED_AT,
    )


@dataclass(frozen=True)
class ProvedMonth:
    """A version of a month's statements.

    Attributes:
        evidence: What was known, by event and site.
        run_type: Why it was made.
        version: Number of the version, the same for all parties.
        adjustments: Approved adjustments.
        before: The version before; None for the first.
    """

    evidence: Mapping[tuple[str, str], SiteEvidence]
    run_type: RunType = RunType.INITIAL
    version: int = 1
    adjustments: tuple[Adjustment, ...] = ()
    before: "ProvedMonth | None" = None

    def after(
        self, evidence: Mapping[tuple[str, str], SiteEvidence], *adjustments: Adjustment
    ) -> "ProvedMonth":
        """Return the next version, with other evidence or adjustments."""
        return ProvedMonth(
            {**self.evidence, **evidence},
            RunType.ADJUSTMENT if adjustments else RunType.RECALC,
            self.version + 1,
            (*self.adjustments, *adjustments),
            self,
        )

    @property
    def terms(self) -> RunTerms:
        """What the run reckoned by."""
        first = frozenset() if self.before else frozenset(self.evidence)
        return RunTerms(self.run_type, AGGREGATOR, first, frozenset({OPERATOR}))

    @cached_property
    def deliveries(self) -> tuple[SiteDelivery, ...]:
        """All deliveries."""
        return tuple(delivery_of(each, products()[each.event_id]) for each in self.evidence.values())

    @cached_property
    def reckoning(self) -> Reckoning:
        """Everything that is owed."""
        return reckon(PERIOD, self.deliveries, run=self.terms, adjustments=self.adjustments)

    @cached_property
    def booked_before(self) -> dict[EntryKey, Booked]:
        """What stood booked before this version."""
        if self.before is None:
            return {}
        return {**self.before.booked_before, **_booked(self.before.reckoning.charges)}

    def head(self, party_id: str) -> StatementHead:
        """Return the head of a party's statement."""
        previous = statement_id_of(party_id, PERIOD, self.version - 1) if self.before else ""
        return StatementHead(
            statement_id_of(party_id, PERIOD, self.version),
            party_id,
            PERIOD,
            self.version,
            self.run_type,
            products()["alone"].money.currency,
            previous,
        )

    def files(self, party_id: str) -> dict[str, bytes]:
        """Return a party's statement files by name."""
        if party_id not in self._files:
            self._files[party_id] = self._written(party_id)
        return self._files[party_id]

    @cached_property
    def _files(self) -> dict[str, dict[str, bytes]]:
        return {}

    def _written(self, party_id: str) -> dict[str, bytes]:
        head, tally = self.head(party_id), StatementTally(products()["alone"].money.currency)
        lines = party_lines(self.reckoning.charges, self.booked_before, head, self.deliveries)
        csv_bytes = b"".join(csv_pieces((line for line, _ in lines), tally))
        summary = render_summary_csv(head, tally, written_on=SETTLED_AT.date())
        own = self._own(party_id)
        facts = ManifestFacts(
            "1.0",
            SETTLED_AT,
            evidence_sha256=evidence_seal(
                {key: evidence_digest(evidence_document(each)) for key, each in own.items()}
            ),
            product_sha256={
                (each.product_id, each.version): product_digest(each) for each in products().values()
            },
        )
        manifest = render_manifest(
            head, tally, sha256=sha256_of(csv_bytes), summary_sha256=sha256_of(summary), facts=facts
        )
        return {
            file_name(head): csv_bytes,
            summary_file_name(head): summary,
            manifest_name(head): manifest,
        }

    def csv(self, party_id: str) -> bytes:
        """Return the lines of a party's statement as a file."""
        return self.files(party_id)[file_name(self.head(party_id))]

    def bundle(self, party_id: str) -> Bundle:
        """Return what proves a party's statement."""
        own = self._own(party_id)
        is_owner = party_id in OWNERS.values()
        shared = None
        if is_owner:
            shared = self.reckoning.shared.of_pairs(own.keys())
        return Bundle(
            head=self.head(party_id),
            run=RunFacts(f"run-{PERIOD}-{self.version}", SETTLED_AT, "1.0", SETTLED_AT),
            terms=replace(self.terms, first_settled=self.terms.first_settled & own.keys()),
            shared=shared,
            documents=tuple(evidence_document(each) for each in own.values()),
            products=tuple(products().values()),
            adjustments=tuple(
                each for each in self.adjustments if party_id in {each.payer_party_id, each.payee_party_id}
            ),
            booked_before={
                key: booked
                for key, booked in self.booked_before.items()
                if party_id in {booked[0].party_id, booked[1].party_id}
            },
            files=self.files(party_id),
            previous_csv=self.before.csv(party_id) if self.before else b"",
        )

    def _own(self, party_id: str) -> dict[tuple[str, str], SiteEvidence]:
        return {
            key: each
            for key, each in self.evidence.items()
            if party_id in {each.party_id, each.operator_party_id, AGGREGATOR}
        }


def _booked(charges: Iterable[Charge]) -> dict[EntryKey, Booked]:
    return {charge.key: (charge.payer, charge.payee, charge.amount) for charge in charges}
