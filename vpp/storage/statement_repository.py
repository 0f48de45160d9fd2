"""Statements with their files; neither is ever changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy import insert, select

from vpp.storage.repository import SqlRepository
from vpp.storage.rows.settlement import STATEMENT_MAPPING
from vpp.storage.tables.settlement import STATEMENT_FILES
from vpp.storage.transaction import Transaction
from vpp.workflows.packed_files import PackedFiles
from vpp.workflows.ports import Stored
from vpp.workflows.records import StatementRecord

FILES_PER_QUERY = 500
"""Statements whose files are read by one query: below SQLite's limit of bound values."""
ZLIB = "zlib"


class SqlStatementRepository:
    """Statements with their files; implements `workflows.settlement_ports.StatementRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction
        self._rows = SqlRepository(transaction, STATEMENT_MAPPING)

    def get(self, identifier: str) -> Stored[StatementRecord] | None:
        """Return the statement of that id with its files, or None."""
        stored = self._rows.get(identifier)
        return None if stored is None else self._with_files([stored])[0]

    def head(self, identifier: str) -> Stored[StatementRecord] | None:
        """Return the statement of that id without its files, or None."""
        return self._rows.get(identifier)

    def add(self, identifier: str, value: StatementRecord) -> Stored[StatementRecord]:
        """Insert a statement and its files.

        Raises:
            AlreadyExists: The id, or the version of that party, period and currency is taken.
            BrokenPromise: It belongs to a run and its total or its change is not what the ledger says.
            InvalidInput: As for `SqlRepository.add`.
        """
        stored = self._rows.add(identifier, value)
        self._add_files(identifier, value.files)
        return stored

    def page(
        self, *, after: str = "", limit: int = 1000, where: Mapping[str, str] | None = None
    ) -> list[Stored[StatementRecord]]:
        """List statements in order of id, with their files; raises as `SqlRepository.page`."""
        return self._with_files(self.heads(after=after, limit=limit, where=where))

    def heads(
        self, *, after: str = "", limit: int = 1000, where: Mapping[str, str] | None = None
    ) -> list[Stored[StatementRecord]]:
        """List statements in order of id, without their files; raises as `SqlRepository.page`."""
        return self._rows.page(after=after, limit=limit, where=where)

    def _add_files(self, statement_id: str, files: Mapping[str, bytes]) -> None:
        rows = [
            {
                "statement_id": statement_id,
                "file_name": name,
                "content": content,
                "packing": ZLIB,
            }
            for name, content in PackedFiles.of(files).packed.items()
        ]
        if rows:
            self._transaction.noted(STATEMENT_FILES, [(statement_id,)])
            self._transaction.write(insert(STATEMENT_FILES), rows)

    def _with_files(self, statements: Sequence[Stored[StatementRecord]]) -> list[Stored[StatementRecord]]:
        files: dict[str, dict[str, bytes]] = {stored.value.statement_id: {} for stored in statements}
        ids = list(files)
        for first in range(0, len(ids), FILES_PER_QUERY):
            some = ids[first : first + FILES_PER_QUERY]
            statement = (
                select(STATEMENT_FILES)
                .where(STATEMENT_FILES.c.statement_id.in_(some))
                .order_by(STATEMENT_FILES.c.statement_id, STATEMENT_FILES.c.file_name)
            )
            for row in self._transaction.read(statement).mappings():
                content = bytes(row["content"])
                # Those of before there was packing are as they are.
                packed = content if row["packing"] == ZLIB else PackedFiles.of({"": content}).packed[""]
                files[row["statement_id"]][row["file_name"]] = packed
        return [
            replace(stored, value=replace(stored.value, files=PackedFiles(files[stored.value.statement_id])))
            for stored in statements
        ]
