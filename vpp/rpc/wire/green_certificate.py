"""Green certificates and shares on the wire."""

from datetime import date

from vpp.foundation.errors import InvalidInput
from vpp.foundation.names import identifier, name
from vpp.rpc.wire.enum_fields import member
from vpp.settlement.green_certificate import GreenCertificate, GreenCertificateKind
from vpp.settlement.green_share import GreenShare
from vpp.v1 import green_certificate_pb2 as pb


def certificate_of(message: pb.GreenCertificate, party_id: str) -> GreenCertificate:
    """Read a certificate that a party holds.

    Raises:
        InvalidInput: A day is none, or the certificate cannot be one; the message names the field.
    """
    return GreenCertificate(
        issuer=message.issuer,
        serial=message.serial,
        party_id=party_id,
        kind=member(GreenCertificateKind, pb.GreenCertificate.Kind.Name(message.kind), "KIND_", "kind"),
        first_day=_day(message.first_day, "first_day"),
        last_day=_day(message.last_day, "last_day"),
    )


def _day(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"{field} is {text!r}, expected a day as YYYY-MM-DD", field=field) from error


def certificate_message(one: GreenCertificate) -> pb.GreenCertificate:
    """Write a certificate."""
    return pb.GreenCertificate(
        name=name("greenCertificates", one.certificate_id),
        issuer=one.issuer,
        serial=one.serial,
        kind=pb.GreenCertificate.Kind.Value(f"KIND_{one.kind.name}"),
        first_day=one.first_day.isoformat(),
        last_day=one.last_day.isoformat(),
        party=name("parties", one.party_id),
        state=pb.GreenCertificate.State.Value(f"STATE_{one.state.name}"),
        site=name("sites", one.site_id) if one.site_id else "",
        settlement_period=one.period,
    )


def share_message(share: GreenShare) -> pb.GreenShare:
    """Write how green a site's consumption was."""
    ratio = share.share_ratio
    return pb.GreenShare(
        site=name("sites", share.site_id),
        settlement_period=share.period,
        share_ratio=None if ratio is None else float(ratio),
        metered_kwh=float(share.metered_kwh),
        gap_ratio=share.gap_ratio,
        counted_kwh=float(share.counted_kwh),
        allocated_count=share.allocated,
        retired_count=share.retired,
        uncovered_kwh=float(share.uncovered_kwh),
        left_over_kwh=float(share.left_over_kwh),
    )


def listing(request: pb.ListGreenCertificatesRequest) -> dict[str, str]:
    """Read which certificates are wanted: the columns to compare and their values."""
    wanted = {
        "party_id": identifier(request.party, "parties") if request.party else "",
        "site_id": identifier(request.site, "sites") if request.site else "",
        "period": request.settlement_period,
        "state": pb.GreenCertificate.State.Name(request.state).removeprefix("STATE_").lower()
        if request.state
        else "",
    }
    return {column: value for column, value in wanted.items() if value}
