"""Versions of products that are proposed."""

from sqlalchemy import RowMapping as Row

from vpp.portfolio.product import ProductProfile
from vpp.portfolio.product_change import ProductChange, ProductChangeState
from vpp.storage.repository import TableMapping, Values
from vpp.storage.tables.portfolio import PRODUCT_CHANGES


def _change_row(change: ProductChange) -> Values:
    return {
        "change_id": change.change_id,
        "product_id": change.profile.product_id,
        "version": change.profile.version,
        "from_version": change.from_version,
        "document": change.profile.model_dump(mode="json"),
        "reason": change.reason,
        "state": change.state.value,
        "proposed_by": change.proposed_by,
        "proposed_person": change.proposed_person,
        "proposed_party": change.proposed_party,
        "decided_by": change.decided_by,
        "decided_at": change.decided_at,
    }


def _change(row: Row) -> ProductChange:
    return ProductChange(
        change_id=row["change_id"],
        profile=ProductProfile.model_validate(row["document"]),
        from_version=row["from_version"],
        reason=row["reason"],
        state=ProductChangeState(row["state"]),
        proposed_by=row["proposed_by"],
        proposed_person=row["proposed_person"],
        proposed_party=row["proposed_party"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
    )


CHANGE_MAPPING = TableMapping(PRODUCT_CHANGES, _change_row, _change, frozenset({"product_id", "state"}))
