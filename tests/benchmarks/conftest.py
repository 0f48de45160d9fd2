"""Benchmarks run on the same databases as the integration tests."""

from integration.conftest import (
    engine,
    migrated_postgresql,
    migrated_sqlite,
    postgresql_engine,
    postgresql_url,
    sqlite_engine,
)

__all__ = [
    "engine",
    "migrated_postgresql",
    "migrated_sqlite",
    "postgresql_engine",
    "postgresql_url",
    "sqlite_engine",
]
