"""Principals, revoked certificates and open streams on the wire."""

from vpp.foundation.names import name
from vpp.rpc.live_calls import LiveCall
from vpp.rpc.wire.time_fields import timestamp
from vpp.v1 import access_pb2 as pb
from vpp.workflows.access import PrincipalView
from vpp.workflows.access_records import CertificateRevocation
from vpp.workflows.ports import Stored


def principal_message(view: PrincipalView) -> pb.Principal:
    """Write a principal."""
    one, standing = view.principal, view.standing
    message = pb.Principal(
        name=name("principals", one.principal_id),
        party=name("parties", one.party_id),
        site=name("sites", one.site_id) if one.site_id else "",
        roles=sorted(role.value for role in one.roles),
        person=one.person,
        state=pb.Principal.STATE_SUSPENDED if view.is_suspended else pb.Principal.STATE_ACTIVE,
    )
    if standing is not None:
        message.reason = standing.value.reason
        message.decider = name("principals", standing.value.decided_by)
        message.decide_time.CopyFrom(timestamp(standing.updated_at))
        message.etag = str(standing.revision)
    return message


def revocation_message(stored: Stored[CertificateRevocation]) -> pb.RevokedCertificate:
    """Write a revoked certificate."""
    return pb.RevokedCertificate(
        name=name("revokedCertificates", stored.value.revocation_id),
        reason=stored.value.reason,
        decider=name("principals", stored.value.revoked_by),
        revoke_time=timestamp(stored.created_at),
    )


def session_message(call: LiveCall) -> pb.LiveSession:
    """Write an open stream."""
    identity = call.identity
    message = pb.LiveSession(
        principal=name("principals", identity.principal.principal_id),
        method=call.method,
        open_time=timestamp(call.opened_at),
        certificate_serial=f"{identity.certificate.serial:x}" if identity.certificate else "",
    )
    if identity.expires_at is not None:
        message.expire_time.CopyFrom(timestamp(identity.expires_at))
    return message
