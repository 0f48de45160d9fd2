"""What a run's lines owe to the run itself, as it is kept with the run."""

import json
from dataclasses import dataclass

from vpp.foundation.errors import BrokenPromise, InvalidInput
from vpp.foundation.plain_values import from_plain, to_plain
from vpp.settlement.adjustment import Adjustment
from vpp.settlement.run_terms import RunTerms
from vpp.workflows.settlement_records import RunRecord


@dataclass(frozen=True, slots=True)
class SettlementTerms:
    """What a run's lines owe to the run itself, beside evidence and the products' rules.

    Attributes:
        run: What the run reckoned by.
        adjustments: The period's approved adjustments, by id.
    """

    run: RunTerms
    adjustments: tuple[Adjustment, ...]


def terms_document(terms: SettlementTerms) -> bytes:
    """Write terms as canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(
        to_plain(terms), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
    ).encode()


def terms_of(run: RunRecord) -> SettlementTerms:
    """Read a run's terms.

    Raises:
        InvalidInput: The run was made of statements that are older than the ledger: it has none.
        BrokenPromise: They cannot be read.
    """
    if not run.terms:
        raise InvalidInput(
            f"settlementRuns/{run.run_id} was made of older statements; what they were reckoned from is not "
            "known",
            run=run.run_id,
        )
    try:
        return from_plain(SettlementTerms, json.loads(run.terms), f"terms of {run.run_id}")
    except (ValueError, InvalidInput) as error:
        raise BrokenPromise(f"terms of settlementRuns/{run.run_id} cannot be read: {error}") from error
