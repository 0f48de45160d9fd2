"""What callers read back of changes of products."""

from vpp.portfolio.product import ProductProfile
from vpp.portfolio.product_change import ProductChange
from vpp.workflows.ports import Stored, UnitOfWorkFactory
from vpp.workflows.product_changes import version_before
from vpp.workflows.recording import found
from vpp.workflows.visibility import Page, PageRequest, page_by_id

ShownChange = tuple[Stored[ProductChange], ProductProfile | None]
"""A change, and the version that it was proposed against; None for a product that is new."""


def get_change(
    units: UnitOfWorkFactory, change_id: str
) -> tuple[Stored[ProductChange], ProductProfile | None]:
    """Return one change, and the version that it was proposed against.

    Raises:
        NotFound: There is no such change.
    """
    with units(write=False) as uow:
        stored = found(uow.product_changes.get(change_id), f"productChanges/{change_id}")
        return stored, version_before(uow, stored.value)


def list_changes(
    units: UnitOfWorkFactory, request: PageRequest, *, product_id: str = ""
) -> Page[ShownChange]:
    """List changes by id, each with the version that it was proposed against."""
    with units(write=False) as uow:
        page = page_by_id(
            uow.product_changes,
            request,
            lambda change: change.change_id,
            lambda _: True,
            {"product_id": product_id} if product_id else None,
        )
        items = tuple((stored, version_before(uow, stored.value)) for stored in page.items)
        return Page(items, page.next_page_token)
