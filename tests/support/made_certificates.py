"""An authority of the project's own making, and holders' certificates, for tests of those who use them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from vpp.cli.certs.authority import Authority
from vpp.cli.certs.issuing import issue_pair
from vpp.cli.certs.profile import Holder
from vpp.foundation.certificate_pair import CertificatePair, read_pair
from vpp.foundation.spiffe_name import SpiffeName

TRUST_DOMAIN = "vpp.example"
NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
HUB = Holder(SpiffeName(TRUST_DOMAIN, hub_name="hub"), ("localhost",), (ip_address("127.0.0.1"),))
OPERATOR = Holder(SpiffeName(TRUST_DOMAIN, "grid", None, "operator"))
AGENT = Holder(SpiffeName(TRUST_DOMAIN, "owner-site-001", "site-001", "agent-site-001"))


@contextmanager
def new_authority(
    folder: Path, now: datetime = NOON, trust_domain: str = TRUST_DOMAIN
) -> Iterator[Authority]:
    """Make an authority and open it."""
    Authority.create(folder, trust_domain, now)
    with Authority.opened(folder) as authority:
        yield authority


def issued(
    authority: Authority, holder: Holder, stem: Path, now: datetime = NOON, lifetime: timedelta | None = None
) -> CertificatePair:
    """Issue a certificate with its key and read both back."""
    written = issue_pair(authority, holder, stem, now, lifetime)
    assert written.key_file is not None
    return read_pair(written.certificate_file, written.key_file)
