"""Readings: checked against the site, kept in bulk, never changed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.site import Site
from vpp.telemetry.batch import TelemetryBatch, check_batch
from vpp.workflows.identity import Principal, check_owner
from vpp.workflows.ports import UnitOfWorkFactory
from vpp.workflows.recording import audit, found
from vpp.workflows.telemetry_rules import LONGEST_BACKFILL

LIVE_MAX_AGE = timedelta(days=31)


def check_live_batch(batch: TelemetryBatch, site: Site, now: datetime) -> None:
    """Refuse a batch of a session that cannot be what the site's meter showed.

    Raises:
        InvalidInput: Names the field, its value and what was expected.
    """
    check_batch(
        batch,
        import_limit_kw=site.import_limit_kw,
        now=now,
        metering_interval=site.metering_interval,
        max_future=site.metering_interval,
        max_age=LIVE_MAX_AGE,
    )


def keep_batches(units: UnitOfWorkFactory, batches: Sequence[TelemetryBatch]) -> int:
    """Keep checked batches of any number of sites in one transaction; repeats change nothing.

    Returns:
        How many readings were new.
    """
    with units() as uow:
        new_count = uow.telemetry.add(batches)
        uow.commit()
        return new_count


def backfill(
    units: UnitOfWorkFactory,
    principal: Principal,
    site_id: str,
    batches: Sequence[TelemetryBatch],
    *,
    max_age: timedelta = LONGEST_BACKFILL,
) -> tuple[int, int]:
    """Keep readings from before the session.

    Args:
        units: Makes the transaction.
        principal: The site's agent or owner.
        site_id: The site.
        batches: In ascending sequence.
        max_age: How old readings may be; no older than they are kept.

    Returns:
        How many readings were new, and the highest sequence now held.

    Raises:
        NotPermitted: The site is another's.
        InvalidInput: A batch cannot be what the site's meter showed, or sequences do not ascend;
            then nothing is kept.
    """
    with units() as uow:
        stored = uow.sites.get(site_id)
        check_owner(principal, site_id=site_id, party_id="" if stored is None else stored.value.party_id)
        site = found(stored, f"sites/{site_id}").value
        previous = 0
        for batch in batches:
            if batch.sequence <= previous:
                raise InvalidInput(
                    f"sequence {batch.sequence} follows {previous}, expected ascending sequences",
                    sequence=str(batch.sequence),
                )
            previous = batch.sequence
            check_batch(
                batch,
                import_limit_kw=site.import_limit_kw,
                now=uow.now,
                metering_interval=site.metering_interval,
                max_future=site.metering_interval,
                max_age=max_age,
            )
        new_count = uow.telemetry.add(batches)
        held = uow.telemetry.held_sequence(site_id)
        audit(uow, principal.principal_id, "backfill", f"sites/{site_id}", new=new_count, held_sequence=held)
        uow.commit()
        return new_count, held
