"""Products that lie in the hub's files: its founding set at first, nobody's proposals afterwards."""

import logging
from collections.abc import Iterable

from vpp.portfolio.product import ProductProfile
from vpp.portfolio.product_change import WAITING, ProductChange, ProductChangeState, change_id_of
from vpp.workflows.ports import Stored, UnitOfWork, UnitOfWorkFactory
from vpp.workflows.product_changes import product_name, told_of, version_in_force
from vpp.workflows.recording import HUB, audit

_log = logging.getLogger(__name__)
FROM_A_FILE = "found in a product file of the hub"
"""Reason of a change that nobody has proposed yet."""


def found_products(
    units: UnitOfWorkFactory, profiles: Iterable[ProductProfile]
) -> list[Stored[ProductChange]]:
    """Take the products of the hub's files: all of them where there are none, as proposals afterwards.

    A version that is known changes nothing. One that is not counts for nothing either until one person
    adopts it and another approves it.

    Returns:
        Changes that nobody answers for, by id.

    Raises:
        AlreadyExists: A version is known with other content; its version must be counted up.
    """
    every = list(profiles)
    with units() as uow:
        if not uow.products.all_latest():
            for profile in every:
                uow.products.add(profile)
                audit(uow, HUB, "found_product", product_name(profile), after={"version": profile.version})
            uow.commit()
            return []
        for profile in every:
            if uow.products.get(profile.product_id, profile.version) is not None:
                uow.products.add(profile)  # refuses other content
            else:
                _found_in_file(uow, profile)
        waiting = uow.product_changes.page(where={"state": ProductChangeState.FOUND.value})
        uow.commit()
    for stored in waiting:
        _log.warning(
            "productChanges/%s lies in a file and is not in force: one person adopts it, another approves it",
            stored.value.change_id,
        )
    return waiting


def _found_in_file(uow: UnitOfWork, profile: ProductProfile) -> None:
    in_force = version_in_force(uow, profile.product_id)
    if profile.version <= in_force:
        _log.warning(
            "version %d of products/%s lies in a file and is older than version %d in force; it is left out",
            profile.version,
            profile.product_id,
            in_force,
        )
        return
    change_id = change_id_of(profile)
    known = uow.product_changes.get(change_id)
    if known is not None:
        if known.value.state not in WAITING:
            _log.warning("productChanges/%s lies in a file and was %s", change_id, known.value.state.name)
        return
    change = ProductChange(change_id, profile, in_force, FROM_A_FILE, ProductChangeState.FOUND)
    uow.product_changes.add(change_id, change)
    audit(uow, HUB, "find_product_change", f"productChanges/{change_id}", **told_of(uow, change))
