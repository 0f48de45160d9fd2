"""`vpp certs`: its commands. They need no hub, and no hub needs them."""

import ipaddress
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from vpp.cli.exit_codes import EXIT_CODES_HELP
from vpp.cli.output import instant, make_table
from vpp.foundation.clock import SystemClock
from vpp.foundation.errors import InvalidInput
from vpp.foundation.spiffe_name import SpiffeName

if TYPE_CHECKING:  # loaded late: other commands start faster without cryptography
    from vpp.cli.certs.authority import Authority
    from vpp.cli.certs.issuing import WrittenPair
    from vpp.cli.certs.profile import Holder

PASSPHRASE_VARIABLE = "VPP_CA_PASSPHRASE"  # noqa: S105  the name of a variable

AuthorityFolder = Annotated[
    Path,
    typer.Option("--authority", envvar="VPP_CA_FOLDER", help="Folder of the authority.", metavar="DIR"),
]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        help=f"File with the passphrase of the authority's key; or set {PASSPHRASE_VARIABLE}.", metavar="FILE"
    ),
]
Days = Annotated[int | None, typer.Option(min=1, max=398, help="How long it holds; 7 days, a hub's 30.")]
CertificateFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="A certificate, PEM.", metavar="CERTIFICATE")
]
KeyFile = Annotated[
    Path | None, typer.Option("--key", help="Its key; CERTIFICATE with the ending .key if absent.")
]

certs_app = typer.Typer(
    name="certs",
    help="A private authority, and the certificates of hubs, sites and people.",
    epilog=EXIT_CODES_HELP,
    no_args_is_help=True,
)


@certs_app.command("init")
def run_init(
    *,
    authority: AuthorityFolder,
    trust_domain: Annotated[
        str, typer.Option(help="Whose names it gives out: spiffe://TRUST_DOMAIN/...")
    ] = "vpp.example",
    days: Annotated[int, typer.Option(min=1, max=7300, help="How long its own certificate holds.")] = 3650,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Make an authority: key, certificate, and an empty list of what is revoked."""
    from vpp.cli.certs.authority import Authority  # noqa: PLC0415  starts faster

    passphrase = _passphrase(passphrase_file)
    now = SystemClock().now()
    made = Authority.create(authority, trust_domain, now, passphrase, timedelta(days=days))
    _say(f"Authority of {trust_domain} in {authority}, until {instant(made.certificate.not_valid_after_utc)}")
    protection = "without a passphrase" if passphrase is None else "encrypted by its passphrase"
    _say(f"  ca.key  {protection}: keep it off the hub's machine; whoever has it can be anybody")
    _say("  ca.pem  to everybody: to the hub and to all who call it")
    _say("  ca.crl  to the hub, whenever it changes")


@certs_app.command("issue")
def run_issue(  # noqa: PLR0913  one argument per option
    *,
    authority: AuthorityFolder,
    out: Annotated[Path, typer.Option(help="Where to, without an ending; .pem and .key are added.")],
    hub: Annotated[str | None, typer.Option(help="Name of a hub.", metavar="NAME")] = None,
    dns: Annotated[list[str] | None, typer.Option(help="Host name of the hub; may be repeated.")] = None,
    ip: Annotated[list[str] | None, typer.Option(help="Address of the hub; may be repeated.")] = None,
    party: Annotated[str | None, typer.Option(help="Party that a principal acts for.")] = None,
    site: Annotated[str | None, typer.Option(help="The one site of a site agent.")] = None,
    principal: Annotated[
        str | None, typer.Option(help="The principal, as the hub's settings name it.")
    ] = None,
    csr: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Request whose key is used; its names are not."),
    ] = None,
    days: Days = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Issue a certificate to a hub (--hub --dns --ip), or to a principal (--party [--site] --principal)."""
    from vpp.cli.certs.issuing import issue_for_request, issue_pair  # noqa: PLC0415  starts faster

    now = SystemClock().now()
    with _opened(authority, passphrase_file) as opened:
        holder = _holder(opened.trust_domain, hub, party, site, principal, dns or (), ip or ())
        if csr is None:
            written = issue_pair(opened, holder, out, now, _lifetime(days))
        else:
            written = issue_for_request(opened, holder, csr, out, now, _lifetime(days))
    _say_written(str(holder.name), written)


@certs_app.command("request")
def run_request(
    *, out: Annotated[Path, typer.Option(help="Where to, without an ending; .csr and .key are added.")]
) -> None:
    """Make a key and a request for its certificate, where the key is to stay."""
    from vpp.cli.certs.issuing import write_request  # noqa: PLC0415  starts faster

    request_file, key_file = write_request(out)
    _say(f"{request_file}  to the authority: vpp certs issue --csr {request_file.name} ...")
    _say(f"{key_file}  stays here")


@certs_app.command("rotate")
def run_rotate(  # noqa: PLR0913  one argument per option
    certificate: CertificateFile,
    *,
    authority: AuthorityFolder,
    key: KeyFile = None,
    days: Days = None,
    revoke_old: Annotated[bool, typer.Option(help="End the old one now, not at its own end.")] = False,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Replace a certificate and its key in place; hub and agents take them up without dropping a session."""
    from vpp.cli.certs.issuing import rotate_pair  # noqa: PLC0415  starts faster

    with _opened(authority, passphrase_file) as opened:
        written = rotate_pair(
            opened,
            certificate,
            _key_beside(certificate, key),
            SystemClock().now(),
            _lifetime(days),
            revokes_old=revoke_old,
        )
        name = opened.known(written.certificate.serial_number).name
    _say_written(name, written)


@certs_app.command("install")
def run_install(
    certificate: CertificateFile,
    *,
    new: Annotated[Path, typer.Option(help="New .pem and .key, without their endings.", metavar="STEM")],
    key: KeyFile = None,
) -> None:
    """Put a new certificate and its key in the place of old ones of the same name, without the authority."""
    from vpp.cli.certs.issuing import install_pair  # noqa: PLC0415  starts faster

    written = install_pair(new, certificate, _key_beside(certificate, key))
    _say_written(f"{certificate.name} replaced", written)


@certs_app.command("revoke")
def run_revoke(
    certificate: Annotated[
        Path | None, typer.Argument(exists=True, dir_okay=False, help="The certificate, if it is at hand.")
    ] = None,
    *,
    authority: AuthorityFolder,
    serial: Annotated[str | None, typer.Option(help="Its number, as `list` shows it.")] = None,
    reason: Annotated[
        str,
        typer.Option(
            help="unspecified, key_compromise, superseded, cessation_of_operation, affiliation_changed."
        ),
    ] = "unspecified",
    passphrase_file: PassphraseFile = None,
) -> None:
    """Take a certificate back: the hub that reads the new ca.crl refuses it and ends its sessions."""
    with _opened(authority, passphrase_file) as opened:
        revoked = opened.revoke(_serial(certificate, serial), reason, SystemClock().now())
    _say(f"Revoked {revoked.serial:x} of {revoked.name}: {revoked.revoked_for}")
    _say(f"{authority / 'ca.crl'} is new; the hub acts on it as soon as it has it")


@certs_app.command("crl")
def run_crl(
    *,
    authority: AuthorityFolder,
    days: Annotated[int, typer.Option(min=1, max=365, help="How long the list is fresh.")] = 60,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign the list of what is revoked anew, before it grows stale."""
    now = SystemClock().now()
    with _opened(authority, passphrase_file) as opened:
        opened.write_revocations(now, timedelta(days=days))
        count = sum(each.state(now) == "revoked" for each in opened.log.certificates.values())
    _say(f"{authority / 'ca.crl'}: {count} revoked, fresh until {instant(now + timedelta(days=days))}")


@certs_app.command("list")
def run_list(
    *,
    authority: AuthorityFolder,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    every: Annotated[bool, typer.Option("--all", help="List what has expired too.")] = False,
) -> None:
    """List what the authority has issued, what of it is revoked, and when it ends."""
    from vpp.cli.certs.issue_log import read_issue_log  # noqa: PLC0415  starts faster

    now = SystemClock().now()
    certificates = [each for each in read_issue_log(authority) if every or each.state(now) != "expired"]
    rows = [
        {
            "serial": f"{each.serial:x}",
            "name": each.name,
            "state": each.state(now),
            "not_after": each.not_after.isoformat(),
            "fingerprint": each.fingerprint,
            "revoked_for": each.revoked_for,
        }
        for each in certificates
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=2, sort_keys=True))
        return
    table = make_table("Certificates", "name", "state", "until", "serial", "SHA-256 of the certificate")
    for each in certificates:
        table.add_row(
            each.name, each.state(now), instant(each.not_after), f"{each.serial:x}", each.fingerprint
        )
    Console().print(table)


@certs_app.command("show")
def run_show(
    certificate: CertificateFile,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show whose a certificate is, what it is for, and until when."""
    from vpp.cli.certs.showing import certificate_facts  # noqa: PLC0415  starts faster

    facts = certificate_facts(certificate, SystemClock().now())
    if as_json:
        typer.echo(json.dumps(facts, indent=2, sort_keys=True))
        return
    table = make_table(str(certificate), "field", "value")
    for field, value in facts.items():
        table.add_row(field.replace("_", " "), value)
    Console().print(table)


@contextmanager
def _opened(folder: Path, passphrase_file: Path | None) -> "Iterator[Authority]":
    from vpp.cli.certs.authority import Authority  # noqa: PLC0415  starts faster

    with Authority.opened(folder, _passphrase(passphrase_file)) as authority:
        yield authority


def _passphrase(file: Path | None) -> bytes | None:
    """Read the passphrase from a file or the environment; a command line is seen by everybody."""
    if file is None:
        value = os.environ.get(PASSPHRASE_VARIABLE)
        return None if not value else value.encode()
    try:
        content = file.read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise typer.BadParameter(f"--passphrase-file {file} cannot be read: {error.strerror}") from None
    if not content:
        raise typer.BadParameter(f"--passphrase-file {file} is empty, expected one line")
    return content


def _holder(  # noqa: PLR0913, PLR0917  one argument per option
    trust_domain: str,
    hub: str | None,
    party: str | None,
    site: str | None,
    principal: str | None,
    dns_names: "list[str] | tuple[()]",
    addresses: "list[str] | tuple[()]",
) -> "Holder":
    from vpp.cli.certs.profile import Holder  # noqa: PLC0415  starts faster

    if hub is not None and (party, site, principal) != (None, None, None):
        raise typer.BadParameter("give --hub, or --party and --principal, not both")
    if hub is None and (party is None or principal is None):
        raise typer.BadParameter("give --hub with --dns or --ip, or --party and --principal")
    try:
        hosts = [ipaddress.ip_address(address) for address in addresses]
    except ValueError as error:
        raise typer.BadParameter(f"--ip: {error}") from None
    return Holder(SpiffeName(trust_domain, party, site, principal, hub), tuple(dns_names), hosts)


def _serial(certificate: Path | None, serial: str | None) -> int:
    if (certificate is None) == (serial is None):
        raise typer.BadParameter("give a certificate's file, or --serial as `vpp certs list` shows it")
    if serial is not None:
        try:
            return int(serial, 16)
        except ValueError:
            raise typer.BadParameter(f"--serial {serial!r} is no number in hexadecimal") from None
    from vpp.foundation.certificate_pair import read_certificate  # noqa: PLC0415  starts faster

    if certificate is None:
        raise InvalidInput("no certificate is given")
    return read_certificate(certificate.read_bytes(), str(certificate)).serial_number


def _lifetime(days: int | None) -> timedelta | None:
    return None if days is None else timedelta(days=days)


def _key_beside(certificate: Path, key: Path | None) -> Path:
    return certificate.with_suffix(".key") if key is None else key


def _say_written(name: str, written: "WrittenPair") -> None:
    _say(f"{name}, until {instant(written.certificate.not_valid_after_utc)}")
    _say(f"  {written.certificate_file}")
    if written.key_file is not None:
        _say(f"  {written.key_file}  its holder's alone")


def _say(line: str) -> None:
    Console(highlight=False).print(line, markup=False, soft_wrap=True)
