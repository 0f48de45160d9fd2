"""Objections to statements: recorded for settlement staff."""

from vpp.foundation.errors import InvalidInput, NotFound
from vpp.workflows.identity import Principal
from vpp.workflows.ports import Stored, UnitOfWorkFactory
from vpp.workflows.recording import audit, promised
from vpp.workflows.records import DisputeRecord, DisputeState
from vpp.workflows.requesting import fingerprint, remember, replayed


def create_dispute(  # noqa: PLR0913  one argument per field of the request
    units: UnitOfWorkFactory,
    principal: Principal,
    *,
    statement_id: str,
    line_numbers: tuple[int, ...],
    description: str,
    request_id: str,
) -> Stored[DisputeRecord]:
    """Object to lines of one's own statement.

    Raises:
        NotFound: The caller's party has no such statement.
        InvalidInput: A line number is not on the statement.
    """
    digest = fingerprint(statement_id, line_numbers, description)
    with units() as uow:
        known = replayed(uow, principal, "create_dispute", request_id, digest)
        if known is not None:
            return promised(uow.disputes.get(known), f"disputes/{known}")
        statement = uow.statements.get(statement_id)
        if statement is None or statement.value.party_id != principal.party_id:
            raise NotFound(f"statements/{statement_id} does not exist", name=f"statements/{statement_id}")
        for number in line_numbers:
            if not 1 <= number <= statement.value.line_count:
                raise InvalidInput(
                    f"line_number is {number}, expected 1 to {statement.value.line_count}",
                    line_number=str(number),
                )
        count = len(uow.disputes.page(where={"statement_id": statement_id}))
        dispute_id = f"{statement_id}-d{count + 1}"
        record = DisputeRecord(
            dispute_id=dispute_id,
            statement_id=statement_id,
            party_id=principal.party_id,
            line_numbers=line_numbers,
            description=description,
            state=DisputeState.OPEN,
        )
        stored = uow.disputes.add(dispute_id, record)
        audit(uow, principal.principal_id, "create_dispute", f"disputes/{dispute_id}")
        remember(uow, principal, "create_dispute", request_id, digest, dispute_id)
        uow.commit()
        return stored
