"""The migrations make the declared schema, take it back, and run once however many hubs start."""

import json
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from vpp.auction.bid import PriceStep, StepOffer
from vpp.auction.buyer import ANY_TERMS
from vpp.auction.rules import TieRule, UniformPrice
from vpp.foundation.clock import ManualClock
from vpp.foundation.direction import Direction
from vpp.storage.engine import make_engine
from vpp.storage.migrate import current_revision, downgrade, migrate
from vpp.storage.tables import METADATA
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory

SCHEMA_OF_SQLITE = """
    SELECT type, name, sql FROM sqlite_master
    WHERE name NOT LIKE 'sqlite_%' AND tbl_name <> 'alembic_version'
"""
SCHEMA_OF_POSTGRESQL = """
    SELECT 'column', concat_ws(' ', c.relname, a.attname),
           concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, l.collname,
                     pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum))
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
    LEFT JOIN pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
    UNION ALL
    SELECT 'table', relname, obj_description(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND relname <> 'alembic_version'
    UNION ALL
    SELECT 'index', indexname, indexdef FROM pg_indexes
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
    UNION ALL
    SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace AND conrelid <> 'alembic_version'::regclass
"""

ADDED_LATER = re.compile(r", (?=\w+ [A-Z]+\b)")


def schema_of(engine: Engine) -> set[tuple[str, str, str]]:
    """Everything that the database itself says about its schema."""
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        rows = connection.execute(text(SCHEMA_OF_SQLITE if is_sqlite else SCHEMA_OF_POSTGRESQL)).all()
    # SQLite keeps the statement as it was written: one line per column and constraint, in any order,
    # and what was added later behind the last column.
    return {
        (kind, name, "\n".join(sorted(map(_bare, ADDED_LATER.sub("\n", sql or "").splitlines()))))
        for kind, name, sql in rows
    }


def _bare(line: str) -> str:
    return line.strip().rstrip(",").rstrip()


def test_the_migrated_schema_is_the_declared_one(empty_engine: Engine) -> None:
    migrate(empty_engine)
    with empty_engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    migrated = schema_of(empty_engine)
    downgrade(empty_engine, "base")
    METADATA.create_all(empty_engine)
    assert migrated == schema_of(empty_engine)
    assert len([kind for kind, *_ in migrated if kind == "table"]) == len(METADATA.tables)


def test_migrating_twice_is_harmless(empty_engine: Engine) -> None:
    assert current_revision(empty_engine) is None
    migrate(empty_engine)
    schema, revision = schema_of(empty_engine), current_revision(empty_engine)
    migrate(empty_engine)
    assert schema_of(empty_engine) == schema
    assert current_revision(empty_engine) == revision


def test_a_downgrade_leaves_nothing_and_can_be_undone(empty_engine: Engine) -> None:
    migrate(empty_engine)
    schema = schema_of(empty_engine)
    downgrade(empty_engine, "base")
    assert inspect(empty_engine).get_table_names() == ["alembic_version"]
    assert current_revision(empty_engine) is None
    migrate(empty_engine)
    assert schema_of(empty_engine) == schema


def test_hubs_that_start_at_once_migrate_once(empty_engine: Engine) -> None:
    hubs = [make_engine(empty_engine.url.render_as_string(hide_password=False)) for _ in range(4)]
    barrier = threading.Barrier(len(hubs))

    def start(hub: Engine) -> str | None:
        barrier.wait()
        migrate(hub)
        return current_revision(hub)

    with ThreadPoolExecutor(len(hubs)) as pool:
        assert set(pool.map(start, hubs)) == {"0016"}
    for hub in hubs:
        hub.dispose()


def test_a_migration_that_fails_leaves_the_old_schema(empty_engine: Engine) -> None:
    with empty_engine.begin() as connection:  # stands in the way of a table that comes late
        connection.execute(text("CREATE TABLE instructions (number integer)"))
    failed = False
    try:
        migrate(empty_engine)
    except Exception:  # noqa: BLE001  each database has an error of its own for it
        failed = True
    assert failed
    assert inspect(empty_engine).get_table_names() == ["instructions"]


AN_AUCTION = """
    INSERT INTO auctions VALUES ('evening', 'peak', 1, 'north', '2026-10-26 17:00:00', '2026-10-26 18:00:00',
    '[100.0]', 2000000000, '2026-10-26 12:00:00', NULL, 'grid', 'open', 1, '2026-10-26 10:00:00',
    '2026-10-26 10:00:00')
"""
A_BID = """
    INSERT INTO bids (bid_id, site_id, resource_id, zone, submitted_at, delivery_ratio, offer, rebound,
    auction_id, product_id, state, reason, reason_detail, revision, created_at, updated_at{columns})
    VALUES ('{bid_id}', 'north-1', 'ups', 'north', '2026-10-26 10:00:00', 1.0, '{offer}', {rebound},
    'evening', 'peak', '{state}', '', '', 1, '2026-10-26 10:00:00', '2026-10-26 10:00:00'{values})
"""
BEFORE = (
    """INSERT INTO parties VALUES ('grid', 'Grid', 'operator', 1, '2026-10-26 10:00:00',
    '2026-10-26 10:00:00')""",
    """INSERT INTO sites VALUES ('north-1', 'grid', 'North', 'north', 'Europe/London', 100.0, 300.0, 1,
    '2026-10-26 10:00:00', '2026-10-26 10:00:00')""",
    """INSERT INTO products VALUES ('peak', 1, '{}', '2026-10-26 10:00:00')""",
    AN_AUCTION,
)
STEPS = '{"kind": "steps", "steps": [[[50.0, "120.50"]]]}'
STORE = '{"kind": "store", "discharge_kw": 5.0}'
CHOSEN = """'{"ratio": 1.0, "window_intervals": 2, "max_return_kw": 5.0}'"""
PROFILE = """'{"ratios": [0.5]}'"""
RESTING = ", '{\"run_limits\": {}}'"


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def bids_of(engine: Engine) -> dict[str, tuple[object, object, str]]:
    def parsed(value: object) -> object:
        return json.loads(value) if isinstance(value, str) else value

    with engine.connect() as connection:
        rows = connection.execute(text("SELECT bid_id, offer, rebound, state FROM bids")).all()
    return {bid_id: (parsed(offer), parsed(rebound), state) for bid_id, offer, rebound, state in rows}


def test_what_was_stored_before_is_read_after(empty_engine: Engine) -> None:
    migrate(empty_engine)
    downgrade(empty_engine, "0001")
    bid = A_BID.format(columns="", values="", bid_id="b1", offer=STEPS, rebound=CHOSEN, state="submitted")
    run(empty_engine, *BEFORE, bid)
    migrate(empty_engine)
    units = SqlUnitOfWorkFactory(empty_engine, ManualClock(datetime(2026, 10, 26, 12, tzinfo=UTC)))
    with units(write=False) as uow:
        tender, stored = uow.auctions.get("evening"), uow.bids.get("b1")
    assert tender is not None
    assert stored is not None
    assert (tender.value.terms, tender.value.uniform_price, tender.value.tie_rule) == (
        ANY_TERMS,
        UniformPrice.FIXED_BINARIES,
        TieRule.PRICE_TIME,
    )
    assert stored.value.bid.offer == StepOffer(((PriceStep(50.0, Decimal("120.50")),),))
    assert stored.value.bid.run_limits is None


def test_going_back_withdraws_what_the_older_hub_cannot_read(empty_engine: Engine) -> None:
    migrate(empty_engine)
    downgrade(empty_engine, "0001")
    run(empty_engine, *BEFORE)
    migrate(empty_engine)

    def bid(bid_id: str, offer: str, rebound: str = "NULL", state: str = "submitted", **more: str) -> str:
        return A_BID.format(
            columns=", conditions",
            values=more.get("conditions", ", NULL"),
            bid_id=bid_id,
            offer=offer,
            rebound=rebound,
            state=state,
        )

    run(
        empty_engine,
        bid("plain", STEPS, CHOSEN),
        bid("store", STORE),
        bid("sold-store", STORE, state="awarded"),
        bid("profile", STEPS, PROFILE),
        bid("resting", STEPS, conditions=RESTING),
    )
    downgrade(empty_engine, "0001")
    steps, nothing = json.loads(STEPS), {"kind": "steps", "steps": []}
    assert bids_of(empty_engine) == {
        "plain": (steps, {"ratio": 1.0, "window_intervals": 2, "max_return_kw": 5.0}, "submitted"),
        "store": (nothing, None, "withdrawn"),
        "sold-store": (nothing, None, "awarded"),
        "profile": (steps, None, "withdrawn"),
        "resting": (steps, None, "withdrawn"),
    }


A_PRODUCT = """
    INSERT INTO products VALUES ('{product}', {version}, '{{"call": {{"direction": "{direction}"}}}}',
    '2026-10-26 10:00:00')
"""
A_STANDING_BID = """
    INSERT INTO bids (bid_id, site_id, resource_id, zone, submitted_at, delivery_ratio, offer, product_id,
    state, reason, reason_detail, revision, created_at, updated_at, conditions)
    VALUES ('{product}-bid', 'north-1', 'ups', 'north', '2026-10-26 10:00:00', 1.0, '{offer}', '{product}',
    'submitted', '', '', 1, '2026-10-26 10:00:00', '2026-10-26 10:00:00', NULL)
"""
AN_ENROLMENT = """INSERT INTO enrolments VALUES ('north-1-{product}', 'north-1', '{product}', 'active', 1,
    '2026-10-26 10:00:00', '2026-10-26 10:00:00')"""


def column(engine: Engine, statement: str) -> dict[str, str]:
    with engine.connect() as connection:
        return {str(key): str(value) for key, value in connection.execute(text(statement)).all()}


def test_what_asked_for_less_before_does_so_after(empty_engine: Engine) -> None:
    migrate(empty_engine)
    downgrade(empty_engine, "0001")
    run(empty_engine, *BEFORE)
    migrate(empty_engine)
    units = SqlUnitOfWorkFactory(empty_engine, ManualClock(datetime(2026, 10, 26, 12, tzinfo=UTC)))
    with units(write=False) as uow:
        tender = uow.auctions.get("evening")
    assert tender is not None
    assert tender.value.direction is Direction.LOAD_DOWN


def test_going_back_is_refused_while_something_asks_for_more(empty_engine: Engine) -> None:
    migrate(empty_engine)
    downgrade(empty_engine, "0001")
    run(empty_engine, *BEFORE)
    migrate(empty_engine)
    run(empty_engine, "UPDATE auctions SET direction = 'load_up'")
    schema = schema_of(empty_engine)
    with pytest.raises(ValueError, match="1 auctions ask for more consumption, expected none"):
        downgrade(empty_engine, "0008")
    assert schema_of(empty_engine) == schema
    assert current_revision(empty_engine) == "0016"


def test_going_back_takes_away_what_the_older_hub_cannot_read(empty_engine: Engine) -> None:
    migrate(empty_engine)
    downgrade(empty_engine, "0001")
    run(empty_engine, *BEFORE)
    migrate(empty_engine)
    turned = [("turned", 1, "load_down"), ("turned", 2, "load_up")]
    for product, version, direction in [("surplus", 1, "load_up"), ("usual", 1, "load_down"), *turned]:
        run(empty_engine, A_PRODUCT.format(product=product, version=version, direction=direction))
    for product in ("surplus", "usual", "turned"):
        run(
            empty_engine,
            A_STANDING_BID.format(product=product, offer=STEPS),
            AN_ENROLMENT.format(product=product),
        )
    downgrade(empty_engine, "0008")
    kept = column(empty_engine, "SELECT product_id, version FROM products")
    assert kept == {"peak": "1", "usual": "1", "turned": "1"}
    states = column(empty_engine, "SELECT product_id, state FROM bids")
    assert states == {"surplus": "withdrawn", "usual": "submitted", "turned": "submitted"}
    states = column(empty_engine, "SELECT product_id, state FROM enrolments")
    assert states == {"surplus": "withdrawn", "usual": "active", "turned": "active"}
    migrate(empty_engine)
