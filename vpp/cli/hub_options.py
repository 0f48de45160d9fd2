"""The options that say which hub a command speaks to, and who speaks; shared by the groups that need them."""

from pathlib import Path
from typing import Annotated

import typer

from vpp.cli.connection import HubAddress, TlsFiles, read_token
from vpp.foundation.hub_address import is_local


def remember_hub(  # noqa: PLR0913  one argument per option
    context: typer.Context,
    *,
    hub: Annotated[
        str, typer.Option("--hub", envvar="VPP_HUB", help="Hub's host and port.", metavar="ADDRESS")
    ] = "127.0.0.1:50051",
    token_file: Annotated[
        Path | None,
        typer.Option(
            "--token-file",
            envvar="VPP_TOKEN_FILE",
            help="File with the caller's token: needed on plaintext alone.",
            metavar="FILE",
        ),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option(
            "--ca-file", envvar="VPP_CA_FILE", help="Certificate of the hub's authority, PEM.", metavar="FILE"
        ),
    ] = None,
    cert_file: Annotated[
        Path | None,
        typer.Option(
            "--cert-file", envvar="VPP_CERT_FILE", help="The caller's certificate, PEM.", metavar="FILE"
        ),
    ] = None,
    key_file: Annotated[
        Path | None,
        typer.Option(
            "--key-file", envvar="VPP_KEY_FILE", help="Private key of --cert-file, PEM.", metavar="FILE"
        ),
    ] = None,
    plaintext: Annotated[
        bool,
        typer.Option(
            "--plaintext",
            envvar="VPP_PLAINTEXT",
            help="Do without TLS, to a hub on this machine alone; then a token says who calls.",
        ),
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
    """Keep where the hub is for the command that follows; `connection_of` opens it."""
    # Checked late, so that commands which need no hub need neither certificate nor token.
    context.obj = lambda: hub_address(
        hub,
        token_file,
        (ca_file, cert_file, key_file),
        is_plaintext=plaintext,
        trace_endpoint=trace_endpoint,
    )


def hub_address(
    hub: str,
    token_file: Path | None,
    tls_files: tuple[Path | None, Path | None, Path | None],
    *,
    is_plaintext: bool = False,
    trace_endpoint: str | None = None,
) -> HubAddress:
    """Put options together to where the hub is and who calls.

    Args:
        hub: Host and port.
        token_file: On plaintext, the caller's token; under TLS an access token, if there is one.
        tls_files: The authority's certificate, the caller's and its key.
        is_plaintext: Whether the caller wants no TLS.
        trace_endpoint: Where spans are sent.

    Raises:
        BadParameter: Options are missing, contradict each other, or would send a token in the clear to
            another machine.
    """
    authority, certificate, key = tls_files
    if is_plaintext:
        if not is_local(hub):
            raise typer.BadParameter(f"--plaintext is for this machine alone, and --hub is {hub}")
        if tls_files != (None, None, None):
            raise typer.BadParameter("give --plaintext, or --ca-file, --cert-file and --key-file, not both")
        return HubAddress(hub, read_token(token_file), None, trace_endpoint)
    if authority is None or certificate is None or key is None:
        raise typer.BadParameter(
            "expected --ca-file, --cert-file and --key-file (VPP_CA_FILE, VPP_CERT_FILE, VPP_KEY_FILE), "
            "or --plaintext with --token-file for a hub on this machine"
        )
    token = None if token_file is None else read_token(token_file)
    return HubAddress(hub, token, TlsFiles(authority, certificate, key), trace_endpoint)
