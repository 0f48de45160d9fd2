"""The entry of `vpp agent run`: one or several sites in one process."""

import asyncio
import logging
import signal
from collections.abc import Sequence
from pathlib import Path

from vpp.agent.runner import DriverFactory, run_site
from vpp.agent.settings import AgentSettings, load_settings
from vpp.foundation.errors import InvalidInput

log = logging.getLogger(__name__)


def run(configs: Sequence[Path], driver_factory: DriverFactory, *, moves_devices: bool = True) -> int:
    """Run the agents of one or several sites until SIGTERM or SIGINT.

    Args:
        configs: One configuration file per site.
        driver_factory: Builds the driver of a site from its configuration.
        moves_devices: Whether devices are commanded; otherwise nothing is agreed to either.

    Returns:
        0 after an orderly stop; 1 if an agent failed.

    Raises:
        InvalidInput: A configuration cannot be used, or two of them share a site or a journal.
    """
    settings = [load_settings(path) for path in configs]
    for field, values in (
        ("site_id", [each.site.site_id for each in settings]),
        ("journal_file", [str((each.folder / each.journal_file).resolve()) for each in settings]),
    ):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            raise InvalidInput(f"{field} {twice[0]} is in more than one configuration", field=field)
    return asyncio.run(_run(settings, driver_factory, moves_devices=moves_devices))


async def _run(
    settings: Sequence[AgentSettings], driver_factory: DriverFactory, *, moves_devices: bool
) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    stopper = asyncio.create_task(stop.wait())
    sites = [
        asyncio.create_task(run_site(each, driver_factory, moves_devices=moves_devices), name=each.site_name)
        for each in settings
    ]
    await asyncio.wait([stopper, *sites], return_when=asyncio.FIRST_COMPLETED)
    failed = [site for site in sites if site.done()]
    for task in (stopper, *sites):
        task.cancel()
    results = await asyncio.gather(*sites, return_exceptions=True)
    for site, result in zip(sites, results, strict=True):
        if site in failed and isinstance(result, BaseException):
            log.error("%s failed", site.get_name(), exc_info=result)
    return 1 if failed else 0
