"""Readings by the day and on PostgreSQL by the month, which batches are held, days summed up.

Batches keep their numbers, so that what was known at a time can still be read. Going back, they are
numbered anew in the same order for each site: the older hub cannot then read what a baseline made by
the newer one had known.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
ONE_DAY = timedelta(days=1)
CHUNK = 2000
VALUE_BYTES = 8
SHARED = (
    ("site_id", ID),
    ("sequence", sa.BigInteger()),
    ("received_number", NUMBER),
    ("start_at", AT),
    ("end_at", AT),
    ("sample_interval_s", sa.Double()),
    ("net_power_kw", sa.LargeBinary()),
    ("quality", sa.SmallInteger()),
    ("received_at", AT),
)
ENVELOPES = sa.table(
    "telemetry_envelopes",
    *(sa.column(name, kind) for name, kind in SHARED),
    sa.column("sample_count", sa.Integer()),
)
PIECES = sa.table("telemetry_pieces", *(sa.column(name, kind) for name, kind in SHARED))
RANGES = """
    INSERT INTO telemetry_held (site_id, first_sequence, last_sequence, last_number)
    SELECT site_id, CASE WHEN min(sequence) = 1 THEN 0 ELSE min(sequence) END, max(sequence), 0
    FROM (SELECT site_id, sequence,
                 sequence - row_number() OVER (PARTITION BY site_id ORDER BY sequence) AS island
          FROM telemetry_envelopes) AS counted
    GROUP BY site_id, island
"""
HEADS = """
    INSERT INTO telemetry_held (site_id, first_sequence, last_sequence, last_number)
    SELECT DISTINCT site_id, 0, 0, 0 FROM telemetry_envelopes AS known
    WHERE NOT EXISTS (SELECT 1 FROM telemetry_held AS head
                      WHERE head.site_id = known.site_id AND head.first_sequence = 0)
"""
NUMBERS = """
    UPDATE telemetry_held SET last_number = (
        SELECT max(received_number) FROM telemetry_envelopes AS known
        WHERE known.site_id = telemetry_held.site_id)
    WHERE first_sequence = 0
"""


def upgrade() -> None:
    """Make the tables and move what there is."""
    op.create_table(
        "telemetry_held",
        _column("site_id", ID, "whose batches"),
        _column(
            "first_sequence", sa.BigInteger(), "first sequence of a range that is held; every site has a 0"
        ),
        _column("last_sequence", sa.BigInteger(), "last sequence of the range"),
        _column(
            "last_number",
            sa.BigInteger(),
            "the newest batch's number; only in the row of 0, elsewhere 0",
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_telemetry_held_site_id"),
        sa.PrimaryKeyConstraint("site_id", "first_sequence", name="pk_telemetry_held"),
        comment="which batches are held, as ranges without gaps: recognises repeats, whatever was forgotten",
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "telemetry_pieces",
        _column("site_id", ID, "whose readings"),
        _column("start_at", AT, "start of the first interval, UTC"),
        _column("end_at", AT, "end of the last interval, exclusive, UTC, of the same day"),
        _column("sequence", sa.BigInteger(), "sequence of the batch that it is of"),
        _column(
            "received_number",
            sa.BigInteger(),
            "counts the site's batches in the order they were received",
        ),
        _column("sample_interval_s", sa.Double(), "length of the interval of a value, s"),
        _column(
            "net_power_kw",
            sa.LargeBinary(),
            "mean net power, kW, consumption positive; float64, little-endian",
        ),
        _column("quality", sa.SmallInteger(), "1 ok, 2 estimated, 3 missing, 4 bad"),
        _column("received_at", AT, "when it was committed, UTC"),
        comment="batches of readings, one row for each day UTC that they touch; never updated",
        postgresql_partition_by="RANGE (start_at)",
    )
    op.create_index("ix_telemetry_pieces_site_id_start_at", "telemetry_pieces", ["site_id", "start_at"])
    op.create_table(
        "telemetry_roll_ups",
        _column("site_id", ID, "whose load"),
        _column("level", sa.SmallInteger(), "0 metering intervals, 1 settlement intervals"),
        _column("day_at", AT, "midnight UTC that the day begins with"),
        _column("step_s", sa.Double(), "length of an interval, s"),
        _column("samples_per_interval", sa.Integer(), "samples that an interval should have"),
        _column(
            "net_power_kw", sa.LargeBinary(), "mean net power, kW, NaN for a gap; float64, little-endian"
        ),
        _column("quality", sa.LargeBinary(), "worst quality of each interval; one byte each"),
        _column("sample_count", sa.LargeBinary(), "samples that each interval has; uint32, little-endian"),
        _column(
            "conflict_count", sa.Integer(), "readings that a later one replaced by another value or quality"
        ),
        _column("last_number", sa.BigInteger(), "number of the site's newest batch that was known"),
        _column("version", sa.Integer(), "counts how often the day was summed up, from 1"),
        _column("computed_at", AT, "when, UTC"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_telemetry_roll_ups_site_id"),
        sa.PrimaryKeyConstraint("site_id", "level", "day_at", name="pk_telemetry_roll_ups"),
        comment="days of sites summed up from readings; not to be used where telemetry_late has the day",
    )
    op.create_index("ix_telemetry_roll_ups_day_at", "telemetry_roll_ups", ["day_at"])
    op.create_table(
        "telemetry_late",
        _column("site_id", ID, "whose readings"),
        _column("day_at", AT, "midnight UTC that the day begins with"),
        _column(
            "last_number", sa.BigInteger(), "number of the newest batch that came after the day was over"
        ),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_telemetry_late_site_id"),
        sa.PrimaryKeyConstraint("site_id", "day_at", name="pk_telemetry_late"),
        comment="days of sites that are to be summed up again, as readings came after they were over",
    )
    for statement in (RANGES, HEADS, NUMBERS):
        op.execute(statement)
    _move_to_pieces()
    op.drop_table("telemetry_envelopes")


def downgrade() -> None:
    """Put the pieces of each batch together again, and drop what is derived."""
    op.create_table(
        "telemetry_envelopes",
        sa.Column(
            "received_number",
            NUMBER,
            autoincrement=True,
            nullable=False,
            comment="order in which envelopes were received",
        ),
        _column("site_id", ID, "whose readings"),
        _column("sequence", sa.BigInteger(), "counts the site's batches from 1"),
        _column("start_at", AT, "start of the first interval, UTC"),
        _column("end_at", AT, "end of the last interval, exclusive, UTC"),
        _column("sample_interval_s", sa.Double(), "length of the interval of a value, s"),
        _column("sample_count", sa.Integer(), "how many values there are"),
        _column(
            "net_power_kw",
            sa.LargeBinary(),
            "mean net power, kW, consumption positive; float64, little-endian",
        ),
        _column("quality", sa.SmallInteger(), "1 ok, 2 estimated, 3 missing, 4 bad"),
        _column("received_at", AT, "when it was committed, UTC"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.site_id"], name="fk_telemetry_envelopes_site_id"),
        sa.PrimaryKeyConstraint("received_number", name="pk_telemetry_envelopes"),
        sa.UniqueConstraint("site_id", "sequence", name="uq_telemetry_envelopes_site_id_sequence"),
        comment="batches of readings, one row each; never updated",
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_telemetry_envelopes_site_id_end_at_start_at",
        "telemetry_envelopes",
        ["site_id", "end_at", "start_at"],
    )
    _move_to_envelopes()
    for name in ("telemetry_late", "telemetry_roll_ups", "telemetry_pieces", "telemetry_held"):
        op.drop_table(name)


def _column(name: str, kind: Any, comment: str) -> sa.Column[Any]:  # noqa: ANN401  any column type
    return sa.Column(name, kind, nullable=False, comment=comment)


def _move_to_pieces() -> None:
    bind = op.get_bind()
    is_postgresql = bind.dialect.name == "postgresql"
    months: set[datetime] = set()
    days: dict[tuple[str, datetime], int] = {}
    after = 0
    while rows := bind.execute(
        sa.select(ENVELOPES)
        .where(ENVELOPES.c.received_number > after)
        .order_by(ENVELOPES.c.received_number)
        .limit(CHUNK)
    ).all():
        after = rows[-1].received_number
        pieces = [piece for row in rows for piece in _pieces(row)]
        if is_postgresql:
            for month in sorted({_month(piece["start_at"]) for piece in pieces} - months):
                _make_partition(month)
                months.add(month)
        days |= {(piece["site_id"], _midnight(piece["start_at"])): after for piece in pieces}
        bind.execute(sa.insert(PIECES), pieces)
    late = sa.table(
        "telemetry_late", sa.column("site_id", ID), sa.column("day_at", AT), sa.column("last_number", NUMBER)
    )
    marks = [
        {"site_id": site_id, "day_at": day_at, "last_number": number}
        for (site_id, day_at), number in sorted(days.items())
    ]
    for first in range(0, len(marks), CHUNK):
        bind.execute(sa.insert(late), marks[first : first + CHUNK])


def _pieces(row: sa.Row[Any]) -> Iterator[dict[str, Any]]:
    """Cut a batch at midnight UTC. Its intervals divide an hour and lie on their grid."""
    step = timedelta(seconds=row.sample_interval_s)
    at, content = _utc(row.start_at), row.net_power_kw
    while content:
        count = (_midnight(at) + ONE_DAY - at) // step
        taken, content = content[: count * VALUE_BYTES], content[count * VALUE_BYTES :]
        end = at + len(taken) // VALUE_BYTES * step
        yield {
            **{name: getattr(row, name) for name, _ in SHARED},
            "start_at": at,
            "end_at": end,
            "received_at": _utc(row.received_at),
            "net_power_kw": taken,
        }
        at = end


def _move_to_envelopes() -> None:
    bind = op.get_bind()
    sites = (
        bind.execute(sa.text("SELECT DISTINCT site_id FROM telemetry_held ORDER BY site_id")).scalars().all()
    )
    for site_id in sites:
        rows = bind.execute(
            sa.select(PIECES)
            .where(PIECES.c.site_id == site_id)
            .order_by(PIECES.c.received_number, PIECES.c.start_at)
        ).all()
        batches: dict[int, list[sa.Row[Any]]] = {}
        for row in rows:
            batches.setdefault(row.received_number, []).append(row)
        if batches:
            bind.execute(sa.insert(ENVELOPES), [_envelope(pieces) for pieces in batches.values()])


def _envelope(pieces: Sequence[sa.Row[Any]]) -> dict[str, Any]:
    first, last = pieces[0], pieces[-1]
    content = b"".join(piece.net_power_kw for piece in pieces)
    return {
        **{name: getattr(first, name) for name, _ in SHARED if name != "received_number"},
        "start_at": _utc(first.start_at),
        "end_at": _utc(last.end_at),
        "received_at": _utc(first.received_at),
        "net_power_kw": content,
        "sample_count": len(content) // VALUE_BYTES,
    }


def _make_partition(month: datetime) -> None:
    following = _month(month + timedelta(days=32))
    op.execute(
        f"CREATE TABLE telemetry_pieces_{month:%Y%m} PARTITION OF telemetry_pieces "
        f"FOR VALUES FROM ('{month.isoformat()}') TO ('{following.isoformat()}')"
    )


def _utc(instant: datetime) -> datetime:
    """Put back the offset that SQLite drops."""
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def _midnight(instant: datetime) -> datetime:
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


def _month(instant: datetime) -> datetime:
    return _midnight(instant).replace(day=1)
