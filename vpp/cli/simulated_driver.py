"""Where agent and simulator meet: the driver that `vpp agent` hands to its sites."""

from vpp.agent.driver import SiteDriver
from vpp.agent.settings import AgentSettings
from vpp.simulator.plant import simulated_site


def simulated_driver(settings: AgentSettings) -> SiteDriver:
    """Build the simulated plant that a site's `[driver]` table describes.

    Raises:
        InvalidInput: The table or the load file is wrong.
    """
    return simulated_site(settings.driver, settings.folder, settings.site.metering_interval)
