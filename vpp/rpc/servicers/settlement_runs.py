"""Serves the part of SettlementService that runs settlements, proves them and tells balances."""
# ruff: noqa: ARG002, N802  names and signatures are the wire's

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from vpp.foundation.names import identifier
from vpp.rpc.identity_interceptor import caller
from vpp.rpc.servicers.servicing import RuledServicing, page_request
from vpp.rpc.wire import settlement_runs as wire
from vpp.rpc.wire.time_fields import instant
from vpp.v1 import settlement_pb2 as pb
from vpp.workflows import viewing_settlement
from vpp.workflows.bundling import statement_bundle
from vpp.workflows.settlement_outcome import RunOutcome
from vpp.workflows.settling import run_settlement


class SettlementRunsServicer(RuledServicing):
    """Runs settlements, lists them, hands out what proves a statement, and tells balances."""

    async def RunSettlement(
        self, request: pb.RunSettlementRequest, context: object
    ) -> AsyncIterator[pb.RunSettlementResponse]:
        """Settle a period; tells how far it is, then what it did. A caller who hangs up does not stop it."""
        heard = _NewestProgress()
        run = self._read if request.validate_only else self._change
        running = asyncio.ensure_future(
            run(
                run_settlement,
                self._rules,
                request.settlement_period,
                as_of=_as_of(request),
                run_type=wire.run_type_of(request.run_type),
                validate_only=request.validate_only,
                actor=caller().principal_id,
                progress=heard.tell,
            )
        )
        running.add_done_callback(lambda _: heard.wake())
        while not running.done():
            newest = await heard.next()
            if newest is not None:
                yield wire.progress_message(*newest)
        outcome: RunOutcome = await running
        yield wire.outcome_message(outcome)

    async def ListSettlementRuns(
        self, request: pb.ListSettlementRunsRequest, context: object
    ) -> pb.ListSettlementRunsResponse:
        """List settlement runs."""
        page = await self._read(
            viewing_settlement.list_runs,
            page_request(request.page_size, request.page_token),
            period=request.settlement_period,
        )
        runs = [wire.run_message(run) for run in page.items]
        return pb.ListSettlementRunsResponse(settlement_runs=runs, next_page_token=page.next_page_token)

    async def DownloadBundle(
        self, request: pb.DownloadBundleRequest, context: object
    ) -> AsyncIterator[pb.DownloadBundleResponse]:
        """Return everything that a statement was reckoned from."""
        file_name, content = await self._read(
            statement_bundle, caller(), identifier(request.name, "statements")
        )
        for piece in wire.bundle_pieces(file_name, content):
            yield piece

    async def ListBalances(self, request: pb.ListBalancesRequest, context: object) -> pb.ListBalancesResponse:
        """List balances of accounts."""
        page = await self._read(
            viewing_settlement.list_balances,
            caller(),
            page_request(request.page_size, request.page_token),
            period=request.settlement_period,
            as_of=_as_of(request),
        )
        balances = [wire.balance_message(account, balance) for account, balance in page.items]
        return pb.ListBalancesResponse(balances=balances, next_page_token=page.next_page_token)


def _as_of(request: pb.RunSettlementRequest | pb.ListBalancesRequest) -> datetime | None:
    return instant(request.as_of_time, "as_of_time") if request.HasField("as_of_time") else None


class _NewestProgress:
    """How far a run is: told in the run's thread, heard on the event loop; what nobody heard is dropped."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._newest: tuple[str, int, int] | None = None

    def tell(self, stage: str, done: int, total: int) -> None:
        """Tell how far the run is."""
        self._newest = (stage, done, total)
        self._loop.call_soon_threadsafe(self._news.set)

    def wake(self) -> None:
        """Let the listener look whether the run has ended."""
        self._news.set()

    async def next(self) -> tuple[str, int, int] | None:
        """Wait for news and return them; None where the run has only ended."""
        await self._news.wait()
        self._news.clear()
        newest, self._newest = self._newest, None
        return newest
