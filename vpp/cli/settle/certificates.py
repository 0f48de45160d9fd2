"""`vpp settle certificates`: green certificates, and how green consumption was."""

import enum
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from vpp.cli.arguments import full_name
from vpp.cli.connection import HubConnection, connection_of, new_request_id, read_file
from vpp.cli.output import AsJson, last_part, make_table, show, state_name
from vpp.cli.settle.choices import period_option
from vpp.v1 import green_certificate_pb2 as wire

certificates_app = typer.Typer(
    no_args_is_help=True, help="Green certificates of 1 MWh, each used once, and green shares."
)


class StateChoice(enum.Enum):
    """Where a certificate is in its life."""

    HELD = "held"
    ALLOCATED = "allocated"
    RETIRED = "retired"
    WITHDRAWN = "withdrawn"


Site = Annotated[str, typer.Option(help="The site, as an id or sites/ID.")]
Period = Annotated[str, typer.Option(help="Civil month at the site, YYYY-MM; it has to be over.")]
State = Annotated[StateChoice | None, typer.Option(help="Only those in this state.")]
PartyFilter = Annotated[str, typer.Option("--party", help="Only this party's, as an id or parties/ID.")]
SiteFilter = Annotated[str, typer.Option("--site", help="Only those that count for this site.")]
PeriodFilter = Annotated[str, typer.Option("--period", help="Only those that count for this month.")]


@certificates_app.command("import")
def import_certificates(
    context: typer.Context,
    *,
    file: Annotated[
        Path,
        typer.Argument(help="CSV with the columns issuer, serial, kind, first_day, last_day, mwh."),
    ],
    party: Annotated[str, typer.Option(help="Who holds them, as an id or parties/ID.")],
    as_json: AsJson = False,
) -> None:
    """Enter certificates as a registry's account shows them; the whole file or nothing."""
    from vpp.settlement.green_certificate_file import (  # noqa: PLC0415  loads slowly
        read_certificates,
    )

    party_name = full_name("parties", party)
    entered = read_certificates(read_file(file, "FILE"), last_part(party_name))
    request = wire.ImportGreenCertificatesRequest(
        party=party_name,
        green_certificates=[
            wire.GreenCertificate(
                issuer=one.issuer,
                serial=one.serial,
                kind=wire.GreenCertificate.Kind.Value(f"KIND_{one.kind.name}"),
                first_day=one.first_day.isoformat(),
                last_day=one.last_day.isoformat(),
            )
            for one in entered
        ],
        request_id=new_request_id(),
    )
    hub = connection_of(context)
    answer = hub.call(hub.green_certificate.ImportGreenCertificates, request)
    table = make_table("Entered", "party", ">certificates")
    table.add_row(last_part(party_name), f"{answer.certificate_count:,}")
    show(as_json, answer, table)


@certificates_app.command("withdraw")
def withdraw_certificates(
    context: typer.Context,
    *,
    names: Annotated[
        list[str], typer.Argument(help="Certificates, as ids or greenCertificates/ID.", metavar="CERTIFICATE")
    ],
    reason: Annotated[str, typer.Option(help="Why, in words; it is kept.")],
    as_json: AsJson = False,
) -> None:
    """Take certificates out that their holder has no more, or never had; all of them or none."""
    hub = connection_of(context)
    request = wire.WithdrawGreenCertificatesRequest(
        names=[full_name("greenCertificates", name) for name in names],
        reason=reason,
        request_id=new_request_id(),
    )
    answer = hub.call(hub.green_certificate.WithdrawGreenCertificates, request)
    table = make_table("Withdrawn", ">certificates")
    table.add_row(f"{answer.certificate_count:,}")
    show(as_json, answer, table)


@certificates_app.command("list")
def list_certificates(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    party: PartyFilter = "",
    site: SiteFilter = "",
    period: PeriodFilter = "",
    state: State = None,
    as_json: AsJson = False,
) -> None:
    """List the certificates you may see."""
    found = _listed(connection_of(context), party, site, period, state)
    table = make_table(
        "Green certificates", "certificate", "kind", "generated", "party", "state", "used for", "in"
    )
    for one in found:
        table.add_row(
            last_part(one.name),
            wire.GreenCertificate.Kind.Name(one.kind).removeprefix("KIND_"),
            f"{one.first_day} to {one.last_day}",
            last_part(one.party),
            state_name(wire.GreenCertificate.State, one.state),
            last_part(one.site) or "-",
            one.settlement_period or "-",
        )
    show(as_json, found, table)


@certificates_app.command("export")
def export_certificates(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    out: Annotated[Path, typer.Option(help="CSV file to write.")],
    party: PartyFilter = "",
    site: SiteFilter = "",
    period: PeriodFilter = "",
    state: State = None,
) -> None:
    """Write the certificates you may see as CSV, by id. Import its serials as text, not as numbers."""
    from vpp.settlement.green_certificate import (  # noqa: PLC0415  loads slowly
        GreenCertificate,
        GreenCertificateKind,
        GreenCertificateState,
    )
    from vpp.settlement.green_certificate_file import (  # noqa: PLC0415  loads slowly
        write_certificates,
    )

    found = [
        GreenCertificate(
            issuer=one.issuer,
            serial=one.serial,
            party_id=last_part(one.party),
            kind=GreenCertificateKind[wire.GreenCertificate.Kind.Name(one.kind).removeprefix("KIND_")],
            first_day=date.fromisoformat(one.first_day),
            last_day=date.fromisoformat(one.last_day),
            state=GreenCertificateState[state_name(wire.GreenCertificate.State, one.state)],
            site_id=last_part(one.site),
            period=one.settlement_period,
        )
        for one in _listed(connection_of(context), party, site, period, state)
    ]
    out.write_bytes(write_certificates(found))
    typer.echo(f"{len(found)} certificates written to {out}")


@certificates_app.command("allocate")
def allocate_certificates(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    site: Site,
    period: Period,
    count: Annotated[int | None, typer.Option(min=1, max=20_000, help="How many more.")] = None,
    share: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="As many as it takes to tell this share, such as 0.8."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set certificates of the site's owner aside for what the site used, the oldest generation first."""
    if (count is None) == (share is None):
        raise typer.BadParameter("give either --count or --share")
    hub = connection_of(context)
    request = wire.AllocateGreenCertificatesRequest(
        site=full_name("sites", site), settlement_period=period_option(period), request_id=new_request_id()
    )
    if share is None:
        request.certificate_count = count or 0
    else:
        request.share_ratio = share
    answer = hub.call(hub.green_certificate.AllocateGreenCertificates, request)
    show(as_json, answer.green_share, _shares_table([answer.green_share]))


@certificates_app.command("release")
def release_certificates(
    context: typer.Context, *, site: Site, period: Period, as_json: AsJson = False
) -> None:
    """Take back what was set aside for a site and a month and is not used up."""
    hub = connection_of(context)
    request = wire.ReleaseGreenCertificatesRequest(
        site=full_name("sites", site), settlement_period=period_option(period), request_id=new_request_id()
    )
    answer = hub.call(hub.green_certificate.ReleaseGreenCertificates, request)
    show(as_json, answer.green_share, _shares_table([answer.green_share]))


@certificates_app.command("retire")
def retire_certificates(
    context: typer.Context,
    *,
    site: Site,
    period: Period,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask; it cannot be undone.")] = False,
    as_json: AsJson = False,
) -> None:
    """Use up what was set aside for a site and a month, for good."""
    if not yes:
        typer.confirm(f"Use up what is set aside for {site} in {period}? It cannot be undone", abort=True)
    hub = connection_of(context)
    request = wire.RetireGreenCertificatesRequest(
        site=full_name("sites", site), settlement_period=period_option(period), request_id=new_request_id()
    )
    answer = hub.call(hub.green_certificate.RetireGreenCertificates, request)
    show(as_json, answer.green_share, _shares_table([answer.green_share]))


@certificates_app.command("shares")
def show_shares(
    context: typer.Context,
    *,
    period: Period,
    site: Annotated[str, typer.Option(help="Only this site; all you may see without.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell how green consumption was: certificates over consumption, cut to two decimals."""
    hub = connection_of(context)
    if site:
        request = wire.GetGreenShareRequest(
            site=full_name("sites", site), settlement_period=period_option(period)
        )
        found = [hub.call(hub.green_certificate.GetGreenShare, request)]
    else:
        every = wire.ListGreenSharesRequest(settlement_period=period_option(period))
        found = hub.every(hub.green_certificate.ListGreenShares, every, "green_shares")
    show(as_json, found, _shares_table(found))


def _listed(
    hub: HubConnection, party: str, site: str, period: str, state: StateChoice | None
) -> list[wire.GreenCertificate]:
    request = wire.ListGreenCertificatesRequest(
        party=full_name("parties", party) if party else "",
        site=full_name("sites", site) if site else "",
        settlement_period=period_option(period) if period else "",
    )
    if state is not None:
        request.state = wire.GreenCertificate.State.Value(f"STATE_{state.name}")
    return hub.every(hub.green_certificate.ListGreenCertificates, request, "green_certificates")


def _shares_table(shares: Sequence[wire.GreenShare]) -> Table:
    table = make_table(
        "Green shares",
        *("site", "period", ">share", ">used kWh", ">of it not read", ">set aside", ">used up"),
        *(">uncovered kWh", ">left over kWh"),
    )
    for one in shares:
        table.add_row(
            last_part(one.site),
            one.settlement_period,
            f"{one.share_ratio:.2f}" if one.HasField("share_ratio") else "-",
            f"{one.counted_kwh:,.3f}",
            f"{one.gap_ratio:.2%}",
            f"{one.allocated_count:,}",
            f"{one.retired_count:,}",
            f"{one.uncovered_kwh:,.3f}",
            f"{one.left_over_kwh:,.3f}",
        )
    return table
