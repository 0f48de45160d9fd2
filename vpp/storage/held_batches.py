"""Which batches of readings are held: the one place that recognises repeats."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select

from vpp.storage.many_values import among, ids_parameter
from vpp.storage.tables.telemetry import TELEMETRY_HELD
from vpp.storage.transaction import Transaction
from vpp.telemetry.batch import TelemetryBatch
from vpp.telemetry.sequence_ranges import SequenceRanges

HELD = TELEMETRY_HELD.c
HEAD = 0
"""First sequence of the range that every site has; sequences count from 1, so that 0 is always held."""
TELEMETRY_LOCK = 0x7670705F74656C  # "vpp_tel"
"""PostgreSQL advisory lock of whoever adds readings, where writers do not take turns anyway."""
MOST_RANGES = 1000
"""Ranges of a site that are told apart. An agent never sends again what lies before what it was told is
held, so the oldest gaps of one that has more, by fault or by malice, count as held."""
_COLUMNS = "h.site_id, h.first_sequence, h.last_sequence, h.last_number"
_KNOWN = f"""
    WITH given (id, lowest) AS ({{given}})
    SELECT {_COLUMNS} FROM given JOIN telemetry_held h ON h.site_id = given.id AND h.first_sequence = 0
    UNION ALL
    SELECT {_COLUMNS} FROM given JOIN telemetry_held h ON h.site_id = given.id
    WHERE h.first_sequence > 0 AND h.first_sequence >= (
        SELECT max(first_sequence) FROM telemetry_held p
        WHERE p.site_id = given.id AND p.first_sequence <= given.lowest)
"""  # noqa: S608  names of our own
"""Each site's first range, and those from the one that precedes its lowest sequence on.

Lists travel as JSON: one parameter, which neither driver takes apart.
"""
_EXTEND = """
    UPDATE telemetry_held AS h
    SET last_sequence = given.newest, last_number = h.last_number + given.newest - given.oldest + 1
    FROM ({given}) AS given
    WHERE h.site_id = given.id AND h.first_sequence = 0 AND h.last_sequence = given.oldest - 1
        AND NOT EXISTS (SELECT 1 FROM telemetry_held n WHERE n.site_id = given.id AND n.first_sequence > 0)
    RETURNING site_id, last_number
"""
"""Lets in, in one statement, runs that follow upon all that is held of their sites: almost every one."""
_UPSERT = """
    INSERT INTO telemetry_held (site_id, first_sequence, last_sequence, last_number) {rows}
    ON CONFLICT (site_id, first_sequence)
    DO UPDATE SET last_sequence = excluded.last_sequence, last_number = excluded.last_number
"""
_SQLITE_KNOWN = _KNOWN.format(given="SELECT key, value FROM json_each(?)")
_POSTGRESQL_KNOWN = _KNOWN.format(given="SELECT key, value::bigint FROM json_each_text(%s::json)")
_SQLITE_EXTEND = _EXTEND.format(
    given=(
        "SELECT key AS id, json_extract(value, '$[0]') AS oldest, json_extract(value, '$[1]') AS newest "
        "FROM json_each(?)"
    )
)
_POSTGRESQL_EXTEND = _EXTEND.format(
    given=(
        "SELECT key AS id, (value->>0)::bigint AS oldest, (value->>1)::bigint AS newest "
        "FROM json_each(%s::json)"
    )
)
_SQLITE_UPSERT = _UPSERT.format(rows="VALUES (?, ?, ?, ?)")
_POSTGRESQL_UPSERT = _UPSERT.format(
    rows=(
        "SELECT r->>0, (r->>1)::bigint, (r->>2)::bigint, (r->>3)::bigint "
        "FROM json_array_elements(%s::json) AS r"
    )
)


@dataclass(slots=True)
class _Head:
    """A site of which everything is held up to a sequence, and nothing beyond: almost every one."""

    last: int = HEAD
    number: int = 0


class HeldBatches:
    """The ranges of sequences that are held of each site."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction

    def admit(self, batches: Sequence[TelemetryBatch]) -> list[tuple[TelemetryBatch, int]]:
        """Take note of batches.

        Args:
            batches: Batches of any sites, in the order in which they were received.

        Returns:
            Those that were not held, each with its number among its site's; each site's in their order.

        Raises:
            InvalidInput: There is no such site.
        """
        extended = self._extended(_runs(batches))
        new, others = [], []
        for batch in batches:
            number = extended.get(batch.site_id)
            if number is None:
                others.append(batch)
            else:
                new.append((batch, number))
                extended[batch.site_id] = number + 1
        return new + self._sorted_out(others) if others else new

    def _extended(self, runs: dict[str, tuple[int, int]]) -> dict[str, int]:
        """Take note of the runs that follow upon what is held; returns the first number of each."""
        sqlite = self._transaction.is_sqlite
        if not sqlite and not self._transaction.is_only_writer:
            self._transaction.read_driver_sql("SELECT pg_advisory_xact_lock(%s)", (TELEMETRY_LOCK,))
        rows = self._transaction.returned_driver_sql(
            _SQLITE_EXTEND if sqlite else _POSTGRESQL_EXTEND, (json.dumps(runs),)
        )
        return {site_id: number - runs[site_id][1] + runs[site_id][0] for site_id, number in rows}

    def _sorted_out(self, batches: Sequence[TelemetryBatch]) -> list[tuple[TelemetryBatch, int]]:
        """Take note of batches of which some may be held, or may leave or fill gaps."""
        lowest: dict[str, int] = {}
        for batch in batches:
            site_id, sequence = batch.site_id, batch.sequence
            if sequence < lowest.get(site_id, sequence + 1):
                lowest[site_id] = sequence
        heads, ranges = self._known(lowest)
        new = []
        for batch in batches:
            site_id, sequence = batch.site_id, batch.sequence
            head = heads[site_id]
            if site_id in ranges:
                is_new = ranges[site_id].add(sequence)
            elif sequence == head.last + 1:
                head.last, is_new = sequence, True
            elif is_new := sequence > head.last:
                ranges[site_id] = SequenceRanges([(HEAD, head.last)])
                ranges[site_id].add(sequence)
            if is_new:
                head.number += 1
                new.append((batch, head.number))
        self._keep({batch.site_id for batch, _ in new}, heads, ranges)
        self._bound([site_id for site_id, held in ranges.items() if held.has_grown_in_number])
        return new

    def _bound(self, site_ids: Sequence[str]) -> None:
        """Take the oldest gaps of sites that have too many for held."""
        for site_id in site_ids:
            own = HELD.site_id == site_id
            count = select(func.count()).select_from(TELEMETRY_HELD).where(own)
            excess = self._transaction.read(count).scalar_one() - MOST_RANGES
            if excess <= 0:
                continue
            ranges = select(HELD.first_sequence, HELD.last_sequence).where(own).order_by(HELD.first_sequence)
            kept = self._transaction.read(ranges.offset(excess).limit(1)).one()
            closed = (own, HELD.first_sequence > HEAD, HELD.first_sequence <= kept.first_sequence)
            self._transaction.write(TELEMETRY_HELD.delete().where(*closed))
            head = TELEMETRY_HELD.update().where(own, HELD.first_sequence == HEAD)
            self._transaction.write(head.values(last_sequence=kept.last_sequence))

    def last_sequences(self, site_ids: Iterable[str]) -> dict[str, int]:
        """Return the highest sequence held of each of these sites; those without any are left out."""
        sqlite = self._transaction.is_sqlite
        highest = (
            select(HELD.site_id, func.max(HELD.last_sequence).label("sequence"))
            .where(among(HELD.site_id, sqlite=sqlite))
            .group_by(HELD.site_id)
        )
        rows = self._transaction.read(highest, ids_parameter(site_ids, sqlite=sqlite))
        return {row.site_id: row.sequence for row in rows if row.sequence}

    def last_sequence(self, site_id: str) -> int:
        """Return the highest sequence held of a site, 0 for none."""
        newest = select(HELD.last_sequence).where(HELD.site_id == site_id)
        row = self._transaction.read(newest.order_by(HELD.first_sequence.desc()).limit(1))
        return row.scalar() or 0

    def last_number(self, site_id: str) -> int:
        """Return the number of a site's newest batch, 0 for none."""
        newest = select(HELD.last_number).where(HELD.site_id == site_id, HELD.first_sequence == HEAD)
        return self._transaction.read(newest).scalar() or 0

    def last_numbers(self, site_ids: Iterable[str]) -> dict[str, int]:
        """Return the same of each of these sites; those without any are left out."""
        sqlite = self._transaction.is_sqlite
        newest = select(HELD.site_id, HELD.last_number).where(
            among(HELD.site_id, sqlite=sqlite), HELD.first_sequence == HEAD
        )
        rows = self._transaction.read(newest, ids_parameter(site_ids, sqlite=sqlite))
        return {row.site_id: row.last_number for row in rows}

    def sites(self, after: str, limit: int) -> list[str]:
        """List sites of which batches are held, by id, after one."""
        statement = (
            select(HELD.site_id)
            .where(HELD.first_sequence == HEAD, HELD.site_id > after)
            .order_by(HELD.site_id)
            .limit(limit)
        )
        return list(self._transaction.read(statement).scalars())

    def _known(self, lowest: dict[str, int]) -> tuple[dict[str, _Head], dict[str, SequenceRanges]]:
        if self._transaction.is_sqlite:
            rows = self._transaction.read_driver_sql(_SQLITE_KNOWN, (json.dumps(lowest),))
        else:
            rows = self._transaction.read_driver_sql(_POSTGRESQL_KNOWN, (json.dumps(lowest),))
        heads = {site_id: _Head() for site_id in lowest}
        beyond: dict[str, list[tuple[int, int]]] = {}
        for site_id, first, last, number in rows:
            if first == HEAD:
                heads[site_id] = _Head(last, number)
            else:
                beyond.setdefault(site_id, []).append((first, last))
        ranges = {
            site_id: SequenceRanges([(HEAD, heads[site_id].last), *others])
            for site_id, others in beyond.items()
        }
        return heads, ranges

    def _keep(
        self, site_ids: Iterable[str], heads: dict[str, _Head], ranges: dict[str, SequenceRanges]
    ) -> None:
        rows: list[tuple[str, int, int, int]] = []
        gone: list[dict[str, Any]] = []
        for site_id in site_ids:
            head, held = heads[site_id], ranges.get(site_id)
            if held is not None:
                head.last = held.ranges[0][1]
                rows += [(site_id, first, last, 0) for first, last in held.changed.items() if first != HEAD]
                gone += [{"m_site_id": site_id, "m_first": first} for first in held.removed]
            # The newest number stands in the first range's row, whichever has grown.
            rows.append((site_id, HEAD, head.last, head.number))
        if gone:
            which = (HELD.site_id == bindparam("m_site_id"), HELD.first_sequence == bindparam("m_first"))
            self._transaction.write(TELEMETRY_HELD.delete().where(*which), gone)
        if rows and self._transaction.is_sqlite:
            self._transaction.write_driver_sql(_SQLITE_UPSERT, rows)
        elif rows:
            self._transaction.write_driver_sql(_POSTGRESQL_UPSERT, (json.dumps(rows),))


def _runs(batches: Sequence[TelemetryBatch]) -> dict[str, tuple[int, int]]:
    """Return the first and last sequence of each site whose batches are consecutive."""
    runs: dict[str, tuple[int, int]] = {}
    odd: set[str] = set()
    for batch in batches:
        site_id, sequence = batch.site_id, batch.sequence
        run = runs.get(site_id)
        if run is None:
            runs[site_id] = (sequence, sequence)
        elif sequence == run[1] + 1:
            runs[site_id] = (run[0], sequence)
        else:
            odd.add(site_id)
    for site_id in odd:
        del runs[site_id]
    return runs
