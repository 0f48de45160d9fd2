"""`vpp access`: see who may call, suspend a principal, revoke a certificate."""

import re
from pathlib import Path
from typing import Annotated

import typer

from vpp.cli.access.tables import principal_table, principals_table, revoked_table, sessions_table
from vpp.cli.arguments import full_name
from vpp.cli.connection import connection_of
from vpp.cli.exit_codes import EXIT_CODES_HELP
from vpp.cli.hub_options import remember_hub
from vpp.cli.output import AsJson, show
from vpp.v1 import access_pb2 as wire

access_app = typer.Typer(
    no_args_is_help=True,
    help="See who may call, suspend principals, revoke certificates.",
    epilog=EXIT_CODES_HELP,
    callback=remember_hub,
)
PrincipalName = Annotated[str, typer.Argument(metavar="PRINCIPAL", help="As an id or principals/ID.")]
Reason = Annotated[str, typer.Option(help="Why, in words; goes into the audit record.")]
_SERIAL = re.compile("[0-9a-f]{1,40}")


@access_app.command("principals")
def list_principals(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List who may call."""
    hub = connection_of(context)
    principals = hub.every(hub.access.ListPrincipals, wire.ListPrincipalsRequest(), "principals")
    show(as_json, principals, principals_table(principals))


@access_app.command("show")
def show_principal(context: typer.Context, name: PrincipalName, *, as_json: AsJson = False) -> None:
    """Show one principal."""
    hub = connection_of(context)
    request = wire.GetPrincipalRequest(name=full_name("principals", name))
    principal = hub.call(hub.access.GetPrincipal, request)
    show(as_json, principal, principal_table(principal))


@access_app.command("suspend")
def suspend_principal(
    context: typer.Context, name: PrincipalName, *, reason: Reason, as_json: AsJson = False
) -> None:
    """Refuse a principal from now on; its streams end within seconds."""
    hub = connection_of(context)
    request = wire.SuspendPrincipalRequest(name=full_name("principals", name), reason=reason)
    principal = hub.call(hub.access.SuspendPrincipal, request)
    show(as_json, principal, principal_table(principal))


@access_app.command("restore")
def restore_principal(
    context: typer.Context, name: PrincipalName, *, reason: Reason, as_json: AsJson = False
) -> None:
    """Let a suspended principal call again; revoked certificates stay revoked."""
    hub = connection_of(context)
    request = wire.RestorePrincipalRequest(name=full_name("principals", name), reason=reason)
    principal = hub.call(hub.access.RestorePrincipal, request)
    show(as_json, principal, principal_table(principal))


@access_app.command("revoke")
def revoke_certificate(
    context: typer.Context,
    certificate: Annotated[
        str,
        typer.Argument(
            metavar="CERTIFICATE", help="PEM file, or the certificate's number (serial), hexadecimal."
        ),
    ],
    *,
    reason: Reason,
    as_json: AsJson = False,
) -> None:
    """Refuse a certificate for good; its streams end within seconds."""
    hub = connection_of(context)
    request = wire.RevokeCertificateRequest(certificate_serial=serial_of(certificate), reason=reason)
    revoked = hub.call(hub.access.RevokeCertificate, request)
    show(as_json, revoked, revoked_table([revoked]))


@access_app.command("revoked")
def list_revoked(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the certificates that were revoked at the hub; the authority's own list is a file beside it."""
    hub = connection_of(context)
    revoked = hub.every(
        hub.access.ListRevokedCertificates, wire.ListRevokedCertificatesRequest(), "revoked_certificates"
    )
    show(as_json, revoked, revoked_table(revoked))


@access_app.command("sessions")
def list_sessions(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the streams that are open at the hub that answers."""
    hub = connection_of(context)
    sessions = hub.every(hub.access.ListSessions, wire.ListSessionsRequest(), "sessions")
    show(as_json, sessions, sessions_table(sessions))


def serial_of(certificate: str) -> str:
    """Return a certificate's number, from itself or from its file.

    Raises:
        BadParameter: It is neither.

    Example:
        >>> serial_of("0A:1B")
        'a1b'
    """
    file = Path(certificate)
    if file.is_file():
        from vpp.foundation.certificate_pair import read_certificate  # noqa: PLC0415  a number needs no cryptography

        return f"{read_certificate(file.read_bytes(), certificate).serial_number:x}"
    text = certificate.replace(":", "").lower().lstrip("0")
    if not _SERIAL.fullmatch(text):
        raise typer.BadParameter(
            f"{certificate} is no file and no number of a certificate, expected one of them"
        )
    return text
