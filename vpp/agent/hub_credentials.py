"""What the agent proves itself with to the hub, and knows the hub by."""

from dataclasses import dataclass

from vpp.agent.settings import AgentSettings
from vpp.foundation.certificate_pair import CertificatePair, read_pair
from vpp.foundation.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class HubCredentials:
    """The files of mutual TLS, as they were read.

    Attributes:
        authority_pem: Whom the hub's certificate must come from.
        pair: The site's certificate and key.
    """

    authority_pem: bytes
    pair: CertificatePair


def read_tls(settings: AgentSettings) -> HubCredentials | None:
    """Read the files of mutual TLS; None for a site that does without.

    Raises:
        InvalidInput: A file cannot be read, certificate and key do not fit, or it is another site's.
    """
    tls = settings.hub.tls
    if tls is None:
        return None
    authority_file = settings.folder / tls.authority_file
    try:
        authority_pem = authority_file.read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"hub.tls.authority_file {authority_file} cannot be read: {error.strerror}",
            file=str(authority_file),
        ) from error
    pair = read_pair(settings.folder / tls.certificate_file, settings.folder / tls.key_file)
    if pair.name.site_id != settings.site.site_id:
        raise InvalidInput(
            f"hub.tls.certificate_file is {pair.name}'s, expected one for site {settings.site.site_id}",
            name=str(pair.name),
        )
    return HubCredentials(authority_pem, pair)
