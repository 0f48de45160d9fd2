"""An authority and certificates for trying things out: made together with a fleet, all on one machine.

The authority's key lies beside everything else and has no passphrase. That is right for a demonstration
and for nothing else.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vpp.cli.certs.authority import CERTIFICATE_FILE, REVOCATION_FILE, Authority
from vpp.cli.certs.issuing import issue_pair, pair_files
from vpp.cli.certs.pair_files import PUBLIC, write_new
from vpp.cli.certs.profile import Holder
from vpp.cli.connection import TlsFiles
from vpp.cli.trial_caller import TrialCaller
from vpp.foundation.spiffe_name import SpiffeName

AUTHORITY_FOLDER = "authority"
CERTIFICATE_FOLDER = "tls"
SITE_STEM = "site"
TRUST_DOMAIN = "vpp.example"
_HUB = "hub"
_HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class TrialTrust:
    """The authority and the certificates that have been written.

    Attributes:
        folder: The fleet's folder.
    """

    folder: Path

    @property
    def authority_folder(self) -> Path:
        """Where the authority is."""
        return self.folder / AUTHORITY_FOLDER

    @property
    def authority_file(self) -> Path:
        """The certificate that everybody trusts."""
        return self.authority_folder / CERTIFICATE_FILE

    def files_of(self, principal_id: str) -> TlsFiles:
        """Return the files with which a principal calls; not a site's, whose are in its own folder."""
        return self._files(self.folder / CERTIFICATE_FOLDER / principal_id)

    def files_in(self, site_folder: Path) -> TlsFiles:
        """Return the files with which a site's agent calls."""
        return self._files(site_folder / SITE_STEM)

    def _files(self, stem: Path) -> TlsFiles:
        certificate_file, key_file = pair_files(stem)
        return TlsFiles(self.authority_file, certificate_file, key_file)

    @property
    def server_table(self) -> dict[str, str]:
        """The hub's `[server.tls]`, relative to the fleet's folder."""
        return {
            "certificate_file": f"{CERTIFICATE_FOLDER}/{_HUB}.pem",
            "key_file": f"{CERTIFICATE_FOLDER}/{_HUB}.key",
            "authority_file": f"{AUTHORITY_FOLDER}/{CERTIFICATE_FILE}",
            "revocation_file": f"{AUTHORITY_FOLDER}/{REVOCATION_FILE}",
            "trust_domain": TRUST_DOMAIN,
        }


def write_trial_trust(folder: Path, host: str, callers: Sequence[TrialCaller], now: datetime) -> TrialTrust:
    """Make an authority and everybody's certificates.

    Args:
        folder: The fleet's folder.
        host: Host name or address under which the hub is reached, beside this machine's own.
        callers: Who calls the hub.
        now: The present.

    Raises:
        AlreadyExists: There is one already.
    """
    trust = TrialTrust(folder)
    Authority.create(trust.authority_folder, TRUST_DOMAIN, now)
    with Authority.opened(trust.authority_folder) as authority:
        hub = _hub_holder(host)
        issue_pair(authority, hub, folder / CERTIFICATE_FOLDER / _HUB, now)
        for caller in callers:
            name = SpiffeName(TRUST_DOMAIN, caller.party_id, caller.site_id, caller.principal_id)
            if caller.folder is None:
                stem = folder / CERTIFICATE_FOLDER / caller.principal_id
            else:
                stem = caller.folder / SITE_STEM
                # A site sees its own folder alone, and has to know the hub by something in it.
                write_new(caller.folder / CERTIFICATE_FILE, trust.authority_file.read_bytes(), PUBLIC)
            issue_pair(authority, Holder(name), stem, now)
    return trust


def _hub_holder(host: str) -> Holder:
    """Return the hub, reached under a name of its own or on this machine."""
    names, addresses = {"localhost": None}, {ipaddress.ip_address(_HERE): None}
    try:
        addresses[ipaddress.ip_address(host)] = None
    except ValueError:
        names[host] = None
    return Holder(SpiffeName(TRUST_DOMAIN, hub_name=_HUB), tuple(names), list(addresses))
