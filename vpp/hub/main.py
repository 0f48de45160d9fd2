"""Starts the hub, waits for the signal to stop, and stops it in order."""

import asyncio
import logging
import signal
from collections.abc import Collection
from pathlib import Path

from vpp.foundation.errors import VppError
from vpp.foundation.log_format import log_to_stderr
from vpp.foundation.tracing import follow_traces
from vpp.hub.composition import Hub, compose
from vpp.hub.event_loops import loop_factory
from vpp.hub.listening import listen, write_port
from vpp.hub.load_settings import load_settings
from vpp.hub.metrics_server import MetricsServer
from vpp.hub.open_files import allow_open_files
from vpp.hub.preparation import Prepared, prepare
from vpp.rpc.garbage import settle
from vpp.rpc.server import tell_health

_log = logging.getLogger(__name__)
STOPPED, FAILED, NOT_STARTED = 0, 1, 2
"""Exit codes: stopped in order, a long-lived task died, settings or database do not fit."""


def run(config: Path, *, after_restore: bool = False, lost_sealing_keys: Collection[str] = ()) -> int:
    """Run the hub until it is told to stop.

    Args:
        config: The settings file.
        after_restore: Whether its owner lets it go on from a database restored from a backup.
        lost_sealing_keys: Keys that nobody has any more, as its owner says.

    Returns:
        The process's exit code: 0 stopped in order by SIGTERM or SIGINT, 1 one of its tasks died,
        2 it could not start; the log says why.
    """
    log_to_stderr("INFO")
    try:
        settings = load_settings(config)
        log_to_stderr(settings.log_level, settings.log.format)
        allow_open_files(settings.max_connections)
        stop_tracing = follow_traces("vpp-hub", settings.tracing.endpoint)
        prepared = prepare(settings, after_restore=after_restore, lost_sealing_keys=lost_sealing_keys)
    except VppError as error:
        _log.error("cannot start: %s", error)
        return NOT_STARTED
    try:
        with asyncio.Runner(loop_factory=loop_factory(settings.work.event_loop)) as runner:
            return runner.run(serve(prepared))
    except VppError as error:
        _log.error("cannot start: %s", error)
        return NOT_STARTED
    finally:
        prepared.pool.close()
        prepared.emergency_pool.close()
        prepared.background_pool.close()
        prepared.close_database()
        stop_tracing()


async def serve(prepared: Prepared) -> int:
    """Serve until SIGTERM or SIGINT; returns the exit code."""
    hub = compose(prepared)
    settings = prepared.settings
    port = listen(hub.server, settings.server, prepared.credentials)
    metrics = _metrics_server(hub)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await tell_health(hub.health, serves=False)
    await hub.server.start()
    tasks = {
        "telemetry writer": loop.create_task(hub.telemetry.run()),
        "session writer": loop.create_task(hub.sessions.run()),
        "courier": loop.create_task(hub.courier.run()),
        "loop watch": loop.create_task(hub.loop_watch.run()),
        "access watch": loop.create_task(hub.access.watch.run()),
        "head signer": loop.create_task(hub.head_signer.run()),
    }
    hub.caretaker.watch(tasks)
    hub.ticker.start()
    hub.background_ticker.start()
    await hub.caretaker.look()
    tasks["caretaker"] = loop.create_task(hub.caretaker.run())
    settle()
    await _give_out_tokens(hub)
    if settings.server.port_file is not None:
        write_port(settings.path(settings.server.port_file), port)
    _log.info("listening on %s:%d", settings.server.listen_address, port)
    code = await _until_told(stop, tasks)
    await _stop(hub, tasks)
    if metrics is not None:
        metrics.close()
    return code


def _metrics_server(hub: Hub) -> MetricsServer | None:
    """Begin to answer on the port for metrics, if the settings name one."""
    settings = hub.prepared.settings.metrics
    if settings.port is None:
        return None
    server = MetricsServer(settings, hub.prepared.metrics, hub.caretaker.readiness)
    server.start()
    _log.info("metrics on http://%s:%d/metrics", settings.listen_address, server.port)
    return server


async def _give_out_tokens(hub: Hub) -> None:
    """Begin to give out access tokens, if the settings have the hub do that."""
    if hub.token_endpoint is None:
        return
    settings = hub.prepared.settings
    port = await hub.token_endpoint.start(settings.oauth)
    if settings.oauth.port_file is not None:
        write_port(settings.path(settings.oauth.port_file), port)
    _log.info("access tokens at https://%s:%d", settings.oauth.listen_address, port)


async def _until_told(stop: asyncio.Event, tasks: dict[str, asyncio.Task[None]]) -> int:
    """Wait for the signal; a long-lived task that ends before it takes the hub with it."""
    told = asyncio.create_task(stop.wait())
    await asyncio.wait([told, *tasks.values()], return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    dead = [name for name, task in tasks.items() if task.done()]
    for name in dead:
        _log.error("the %s died; the hub stops", name, exc_info=tasks[name].exception())
    return FAILED if dead else STOPPED


async def _stop(hub: Hub, tasks: dict[str, asyncio.Task[None]]) -> None:
    """Stop in order: no new work, sessions, calls, deadlines, readings, threads."""
    grace_s = hub.prepared.settings.server.stop_grace.total_seconds()
    _log.info("stopping")
    tasks["caretaker"].cancel()  # or it would tell probes that all is well
    hub.caretaker.readiness.settle(["the hub is stopping"])
    await tell_health(hub.health, serves=False)
    hub.registry.close_all()
    if hub.token_endpoint is not None:
        await hub.token_endpoint.close()
    await hub.server.stop(grace_s)
    await asyncio.gather(hub.ticker.stop(grace_s), hub.background_ticker.stop(grace_s))
    if not tasks["telemetry writer"].done():
        try:
            async with asyncio.timeout(grace_s):
                await hub.telemetry.drained()
        except TimeoutError:
            _log.warning("readings that were not acknowledged are left to the agents")
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)
    hub.rpc_threads.shutdown(wait=False, cancel_futures=True)
    hub.due_threads.shutdown(wait=False, cancel_futures=True)
    hub.background_threads.shutdown(wait=False, cancel_futures=True)
    hub.caretaker.close()
    hub.access.watch.close()
    _log.info("stopped")
