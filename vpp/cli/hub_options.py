"""The options that say which hub a command speaks to, and who speaks; shared by the groups that need them."""

from pathlib import Path
from typing import Annotated

import typer

from vpp.cli.connection import HubAddress, TlsFiles, is_loopback, read_token


def remember_hub(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    hub: Annotated[
        str, typer.Option("--hub", envvar="VPP_HUB", help="Hub's host and port.", metavar="ADDRESS")
    ] = "127.0.0.1:50051",
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file", envvar="VPP_TOKEN_FILE", help="File with the caller's token.", metavar="FILE"
        ),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(help="Certificate of the authority that signed the hub's, PEM; switches TLS on."),
    ] = None,
    cert_file: Annotated[
        Path | None, typer.Option(help="The caller's certificate, PEM, where the hub asks for one.")
    ] = None,
    key_file: Annotated[Path | None, typer.Option(help="Private key of --cert-file, PEM.")] = None,
    plaintext: Annotated[
        bool, typer.Option(help="Send the token without TLS to a hub that is not on this machine.")
    ] = False,
    trace_endpoint: Annotated[
        str | None,
        typer.Option(
            envvar="VPP_TRACE_ENDPOINT",
            help="Collector that spans are sent to, OTLP over gRPC; needs the extra `tracing`.",
            metavar="URL",
        ),
    ] = None,
) -> None:
    """Keep where the hub is for the command that follows; `connection_of` opens it.

    Raises:
        BadParameter: The hub is elsewhere and nothing protects the token, or files for TLS are missing.
    """
    if ca_file is None and not plaintext and not is_loopback(hub):
        raise typer.BadParameter(
            f"--hub {hub} is not this machine, expected --ca-file FILE, or --plaintext to do without TLS"
        )
    if (cert_file is None) != (key_file is None) or (cert_file is not None and ca_file is None):
        raise typer.BadParameter("--cert-file and --key-file go together, and with --ca-file")
    tls = None if ca_file is None else TlsFiles(ca_file, cert_file, key_file)
    # Read late, so that commands which need no hub need no token either.
    context.obj = lambda: HubAddress(hub, read_token(token_file), tls, trace_endpoint)
