"""Notices when the site's certificate has been renewed, and says in time that it has to be."""

import logging
from datetime import timedelta

from vpp.agent.hub_credentials import HubCredentials, read_tls
from vpp.agent.settings import AgentSettings
from vpp.foundation.certificate_pair import next_file
from vpp.foundation.clock import Clock, pause
from vpp.foundation.errors import InvalidInput

POLL_S = 1.0
"""How often the files are looked at, s of the machine."""
_WARNED_RATIO = 3
"""The first warning comes when a third of its life is left, the next when half of that is, and so on."""
log = logging.getLogger(__name__)


class CertificateWatch:
    """Watches the files of one site's certificate."""

    def __init__(self, settings: AgentSettings, machine: Clock, poll_s: float = POLL_S) -> None:
        """Keep what to watch.

        Args:
            settings: The site's configuration.
            machine: The machine's clock, because certificates know no other.
            poll_s: How often the files are looked at, s.
        """
        self._settings = settings
        self._machine = machine
        self._poll_s = poll_s
        self._warn_below: timedelta | None = None
        self._warned_fingerprint = ""

    async def renewed(self, used: HubCredentials) -> None:
        """Wait until the files hold something else that can be used; warn meanwhile of the end."""
        seen: list[tuple[int, int, int]] = []
        told = ""
        while True:
            self.warn(used)
            present = self._signature()
            if present != seen:
                seen = present
                try:
                    if read_tls(self._settings) != used:
                        return
                except InvalidInput as error:
                    if str(error) != told:
                        told = str(error)
                        log.warning("%s: %s; the old certificate stays", self._settings.site_name, told)
            await pause(self._poll_s)

    def warn(self, used: HubCredentials) -> None:
        """Say that the certificate ends soon, or has ended; seldom at first, then more often."""
        pair = used.pair
        if self._warned_fingerprint != pair.fingerprint:
            self._warned_fingerprint, self._warn_below = pair.fingerprint, pair.lifetime / _WARNED_RATIO
        left = pair.not_after - self._machine.now()
        if self._warn_below is None or left > self._warn_below:
            return
        ended = left <= timedelta(0)
        self._warn_below = None if ended else left / 2
        log.log(
            logging.ERROR if ended else logging.WARNING,
            "%s: the certificate %s %s; renew it with `vpp certs rotate`",
            self._settings.site_name,
            "has ended at" if ended else "ends at",
            f"{pair.not_after:%Y-%m-%dT%H:%MZ}",
        )

    def _signature(self) -> list[tuple[int, int, int]]:
        """Return what changes when a file is replaced; it costs less than reading."""
        tls = self._settings.hub.tls
        if tls is None:
            return []
        files = (tls.authority_file, tls.certificate_file, next_file(tls.certificate_file), tls.key_file)
        found = []
        for file in files:
            try:
                facts = (self._settings.folder / file).stat()
            except OSError:
                found.append((0, 0, 0))
            else:
                found.append((facts.st_ino, facts.st_mtime_ns, facts.st_size))
        return found
