"""Scores of sites."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import and_, or_, select

from vpp.dispatch.reliability import Shown
from vpp.dispatch.site_score import SiteScore
from vpp.storage.many_values import among, ids_parameter
from vpp.storage.repository import SqlRepository
from vpp.storage.rows.scores import SCORE_MAPPING, score_of
from vpp.storage.tables.observability import SITE_SCORES
from vpp.storage.transaction import Transaction
from vpp.workflows.score_ports import ScorePlace


class SqlScoreRepository:
    """Scores of sites; implements `workflows.score_ports.ScoreRepository`."""

    def __init__(self, transaction: Transaction) -> None:
        """Work inside a transaction."""
        self._transaction = transaction
        self._rows = SqlRepository(transaction, SCORE_MAPPING)

    def add_all(self, scores: Sequence[SiteScore]) -> None:
        """Keep scores.

        Raises:
            AlreadyExists: One of them is there.
        """
        self._rows.add_all({score.score_id: score for score in scores})

    def scored_sites(self, event_id: str) -> frozenset[str]:
        """Return the sites that have been scored for an event."""
        statement = select(SITE_SCORES.c.site_id).where(SITE_SCORES.c.event_id == event_id)
        return frozenset(self._transaction.read(statement).scalars())

    def newest(
        self, site_ids: Iterable[str] | None, *, after: ScorePlace | None, limit: int
    ) -> list[SiteScore]:
        """List scores of sites, or of all, the newest event first, from a place on."""
        sqlite, columns = self._transaction.is_sqlite, SITE_SCORES.c
        statement, parameters = select(SITE_SCORES), {}
        if site_ids is not None:
            statement = statement.where(among(columns.site_id, sqlite=sqlite))
            parameters = ids_parameter(site_ids, sqlite=sqlite)
        if after is not None:
            statement = statement.where(
                or_(
                    columns.delivery_start_at < after.delivery_start_at,
                    and_(
                        columns.delivery_start_at == after.delivery_start_at,
                        columns.score_id > after.score_id,
                    ),
                )
            )
        ordered = statement.order_by(columns.delivery_start_at.desc(), columns.score_id).limit(limit)
        rows = self._transaction.read(ordered, parameters).mappings()
        return [score_of(row) for row in rows]

    def shown_since(self, since: datetime, site_ids: Collection[str]) -> dict[str, list[Shown]]:
        """Return what each of these sites has shown in events that began since, in any order.

        What was not seen is not counted: the share reached counts as far as readings came in.
        """
        if not site_ids:
            return {}
        sqlite, columns = self._transaction.is_sqlite, SITE_SCORES.c
        is_recent = columns.delivery_start_at >= since
        events = select(columns.event_id, columns.delivery_start_at).where(is_recent).distinct()
        # Read once per event: instants take longer to read than everything else of a row.
        start_at = {row.event_id: row.delivery_start_at for row in self._transaction.read(events)}
        counted = (columns.reached_ratio * columns.event_observed_ratio).label("counted")
        statement = select(columns.site_id, columns.event_id, counted).where(
            is_recent, among(columns.site_id, sqlite=sqlite)
        )
        shown: dict[str, list[Shown]] = {}
        rows = self._transaction.read(statement, ids_parameter(site_ids, sqlite=sqlite)).all()
        for row in rows:
            shown.setdefault(row.site_id, []).append(Shown(start_at[row.event_id], row.counted))
        return shown
