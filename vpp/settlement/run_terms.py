"""What a settlement run reckons by, beside the deliveries and the products' rules."""

from dataclasses import dataclass

from vpp.settlement.run_type import RunType

LAST_WORDS = frozenset({RunType.FINAL, RunType.ADJUSTMENT})


@dataclass(frozen=True, slots=True)
class RunTerms:
    """What a settlement run reckons by.

    Attributes:
        run_type: Why the run is made.
        aggregator_party_id: Who keeps fees and what rounding leaves over.
        first_settled: (event id, site id) of all that no earlier run settled: their estimates count.
        operator_party_ids: Grid operators, so that an adjustment finds their accounts; those of the
            deliveries need not be named.
    """

    run_type: RunType
    aggregator_party_id: str
    first_settled: frozenset[tuple[str, str]] = frozenset()
    operator_party_ids: frozenset[str] = frozenset()

    def counts_estimates(self, event_id: str, site_id: str) -> bool:
        """Tell whether estimated readings count: the first time, unless it is the last word as well."""
        return self.run_type not in LAST_WORDS and (event_id, site_id) in self.first_settled
