"""Starts the hub, waits for the signal to stop, and stops it in order."""

import asyncio
import gc
import logging
import signal
from pathlib import Path

from vpp.foundation.errors import VppError
from vpp.hub.composition import Hub, compose
from vpp.hub.listening import listen, write_port
from vpp.hub.load_settings import load_settings
from vpp.hub.log_format import log_to_stderr
from vpp.hub.open_files import allow_open_files
from vpp.hub.preparation import Prepared, prepare
from vpp.rpc.server import tell_health

_log = logging.getLogger(__name__)
STOPPED, FAILED, NOT_STARTED = 0, 1, 2
"""Exit codes: stopped in order, a long-lived task died, settings or database do not fit."""


def run(config: Path) -> int:
    """Run the hub until it is told to stop.

    Args:
        config: The settings file.

    Returns:
        The process's exit code: 0 stopped in order by SIGTERM or SIGINT, 1 one of its tasks died,
        2 it could not start; the log says why.
    """
    log_to_stderr("INFO")
    try:
        settings = load_settings(config)
        log_to_stderr(settings.log_level)
        allow_open_files(settings.work.max_sessions)
        prepared = prepare(settings)
    except VppError as error:
        _log.error("cannot start: %s", error)
        return NOT_STARTED
    try:
        return asyncio.run(_serve(prepared))
    except VppError as error:
        _log.error("cannot start: %s", error)
        return NOT_STARTED
    finally:
        prepared.pool.close()
        prepared.background_pool.close()
        prepared.close_database()


async def _serve(prepared: Prepared) -> int:
    hub = compose(prepared)
    settings = prepared.settings
    port = listen(hub.server, settings)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await tell_health(hub.health, serves=False)
    await hub.server.start()
    tasks = {
        "telemetry writer": loop.create_task(hub.telemetry.run()),
        "courier": loop.create_task(hub.courier.run()),
    }
    hub.ticker.start()
    hub.background_ticker.start()
    await tell_health(hub.health, serves=True)
    gc.collect()
    gc.freeze()  # what lives as long as the hub need not be looked at again: a fifth less CPU
    if settings.server.port_file is not None:
        write_port(settings.path(settings.server.port_file), port)
    _log.info("listening on %s:%d", settings.server.listen_address, port)
    code = await _until_told(stop, tasks)
    await _stop(hub, tasks)
    return code


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
    await tell_health(hub.health, serves=False)
    hub.registry.close_all()
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
    _log.info("stopped")
