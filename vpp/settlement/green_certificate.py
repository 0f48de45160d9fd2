"""Green certificates: one megawatt hour each, held once, used once."""

import enum
import re
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from vpp.foundation.errors import InvalidInput, WrongState

ISSUER = re.compile("[a-z][a-z0-9]{0,30}")
SERIAL = re.compile("[A-Za-z0-9]([A-Za-z0-9._/-]{0,98}[A-Za-z0-9])?")
_PUNCTUATION = str.maketrans("._/", "---")


class GreenCertificateKind(enum.Enum):
    """What the energy of a certificate was generated from."""

    WIND = "wind"
    SOLAR = "solar"
    HYDRO = "hydro"
    BIOMASS = "biomass"
    GEOTHERMAL = "geothermal"
    OTHER = "other"


class GreenCertificateState(enum.Enum):
    """Where a certificate is in its life.

    Attributes:
        HELD: Its holder may use it.
        ALLOCATED: Set aside for the consumption of a site in a period; may be taken back.
        RETIRED: Used up for it; never to be used again.
        WITHDRAWN: The holder has it no more, or never had it; never to be used.
    """

    HELD = "held"
    ALLOCATED = "allocated"
    RETIRED = "retired"
    WITHDRAWN = "withdrawn"


_S = GreenCertificateState
GREEN_CERTIFICATE_TRANSITIONS = MappingProxyType(
    {
        _S.HELD: frozenset({_S.ALLOCATED, _S.WITHDRAWN}),
        _S.ALLOCATED: frozenset({_S.HELD, _S.RETIRED}),
        _S.RETIRED: frozenset(),
        _S.WITHDRAWN: frozenset(),
    }
)
USED = frozenset({_S.ALLOCATED, _S.RETIRED})
"""States in which a certificate counts for a site and a period."""


@dataclass(frozen=True, slots=True)
class GreenCertificate:
    """A registry's statement that one megawatt hour was generated from a renewable source.

    Attributes:
        issuer: Who issued it: lower-case letters and digits, beginning with a letter.
        serial: The registry's number, as the registry writes it.
        party_id: Who holds it.
        kind: What it was generated from.
        first_day: First civil day of its generation, where it was generated.
        last_day: Last one, inclusive.
        state: Where it is in its life.
        site_id: The site whose consumption it covers; empty unless allocated or retired.
        period: The civil month of that consumption, YYYY-MM; likewise.
    """

    issuer: str
    serial: str
    party_id: str
    kind: GreenCertificateKind
    first_day: date
    last_day: date
    state: GreenCertificateState = GreenCertificateState.HELD
    site_id: str = ""
    period: str = ""

    def __post_init__(self) -> None:
        """Refuse ids that could be read in two ways, days in the wrong order, and half a use."""
        if not ISSUER.fullmatch(self.issuer):
            raise InvalidInput(
                f"issuer is {self.issuer!r}, expected 1 to 31 lower-case letters and digits, beginning with "
                "a letter",
                issuer=self.issuer,
            )
        if not SERIAL.fullmatch(self.serial):
            raise InvalidInput(
                f"serial is {self.serial!r}, expected 1 to 100 letters, digits, full stops, hyphens, slashes "
                "and underscores, with a letter or digit at both ends",
                serial=self.serial,
            )
        if self.last_day < self.first_day:
            raise InvalidInput(
                f"last_day of {self.certificate_id} is {self.last_day}, expected {self.first_day} or later",
                last_day=self.last_day.isoformat(),
            )
        is_used = self.state in USED
        if (bool(self.site_id), bool(self.period)) != (is_used, is_used):
            raise InvalidInput(
                f"{self.certificate_id} is {self.state.name} with site {self.site_id!r} and period "
                f"{self.period!r}, expected both where it is used and neither where it is not",
                state=self.state.value,
            )

    @property
    def certificate_id(self) -> str:
        """Name of the certificate: `{issuer}-{serial}`, lower case, with hyphens for other signs.

        An issuer has no hyphen, so no two issuers meet. Serials that differ in case or in punctuation
        alone are taken for the same certificate, and the second is refused.

        Example:
            >>> day = date(2026, 3, 1)
            >>> wind = GreenCertificateKind.WIND
            >>> GreenCertificate("rego", "G0123.NQ/77", "north-dc", wind, day, day).certificate_id
            'rego-g0123-nq-77'
        """
        return f"{self.issuer}-{self.serial.lower().translate(_PUNCTUATION)}"


def check_certificate_transition(certificate: GreenCertificate, wanted: GreenCertificateState) -> None:
    """Refuse a step that a certificate's life does not have.

    Raises:
        WrongState: There is no such step; the message says what it is used for.
    """
    if wanted in GREEN_CERTIFICATE_TRANSITIONS[certificate.state]:
        return
    used = f" for {certificate.site_id} in {certificate.period}" if certificate.site_id else ""
    raise WrongState(
        f"certificate {certificate.certificate_id} is {certificate.state.name}{used}, cannot become "
        f"{wanted.name}",
        certificate=certificate.certificate_id,
        state=certificate.state.name,
    )
