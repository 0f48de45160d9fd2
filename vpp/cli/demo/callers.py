"""Who calls the demo's hub, each over a connection of their own certificate."""

from collections.abc import Sequence
from pathlib import Path

from vpp.cli.certs.trial import TrialTrust
from vpp.cli.connection import HubAddress, HubConnection, TlsFiles, connect
from vpp.cli.trial_caller import TrialCaller

OPERATOR_PARTY = "north-grid"
AGGREGATOR_PARTY = "example-aggregator"
OPERATOR = TrialCaller("operator", OPERATOR_PARTY, ("market_operator", "dispatcher"))
AUDITOR = TrialCaller("auditor", AGGREGATOR_PARTY, ("auditor",))
VISITOR = TrialCaller("visitor", AGGREGATOR_PARTY, ("auditor",))
STAFF = (OPERATOR, AUDITOR, VISITOR)
"""One buys, one reads, and one is there to lose its certificate."""


class Callers:
    """Connections to the hub by who is behind them, opened when they are first needed."""

    def __init__(self, address: str, trust: TrialTrust, site_folders: dict[str, Path]) -> None:
        """Keep where the hub is and where the certificates are.

        Args:
            address: host:port of the hub.
            trust: The authority and the certificates it gave out.
            site_folders: Each site's folder, by site id.
        """
        self.address = address
        self.trust = trust
        self._site_folders = site_folders
        self._connections: dict[str, HubConnection] = {}

    @property
    def operator(self) -> HubConnection:
        """The grid operator, who sees what it buys."""
        return self._of("operator", self.trust.files_of(OPERATOR.principal_id))

    @property
    def auditor(self) -> HubConnection:
        """The aggregator's auditor, who sees everything and changes nothing."""
        return self._of("auditor", self.trust.files_of(AUDITOR.principal_id))

    @property
    def site_ids(self) -> Sequence[str]:
        """The sites, in order."""
        return sorted(self._site_folders)

    def site(self, site_id: str) -> HubConnection:
        """Return the connection of a site's agent, which sees its own."""
        return self._of(f"sites/{site_id}", self.trust.files_in(self._site_folders[site_id]))

    def close(self) -> None:
        """Close what was opened."""
        for connection in self._connections.values():
            connection.close()

    def _of(self, key: str, files: TlsFiles) -> HubConnection:
        if key not in self._connections:
            self._connections[key] = connect(HubAddress(self.address, None, files))
        return self._connections[key]
