"""`vpp token`: get an access token that is bound to one's certificate; make the key that signs them."""

from pathlib import Path
from typing import Annotated

import typer

token_app = typer.Typer(
    name="token", help="OAuth2 access tokens that are bound to a certificate.", no_args_is_help=True
)


@token_app.command("fetch")
def run_fetch(  # noqa: PLR0913  one argument per option
    *,
    issuer: Annotated[
        str, typer.Option(envvar="VPP_TOKEN_ISSUER", help="Where tokens are given out.", metavar="URL")
    ],
    out: Annotated[Path, typer.Option(help="Where to, for --token-file; replaced if it is there.")],
    ca_file: Annotated[Path, typer.Option(envvar="VPP_CA_FILE", help="The endpoint's authority, PEM.")],
    cert_file: Annotated[Path, typer.Option(envvar="VPP_CERT_FILE", help="The caller's certificate, PEM.")],
    key_file: Annotated[Path, typer.Option(envvar="VPP_KEY_FILE", help="Private key of --cert-file, PEM.")],
    scope: Annotated[
        str, typer.Option(help="Roles, with blanks between them; all of the caller's if not given.")
    ] = "",
) -> None:
    """Fetch a token with the caller's certificate; it counts together with that certificate alone."""
    from vpp.cli.certs.pair_files import PRIVATE, write_whole  # noqa: PLC0415  no hub, no cryptography
    from vpp.cli.token.fetching import fetch_token  # noqa: PLC0415  as above

    fetched = fetch_token(
        issuer, scope, authority_file=ca_file, certificate_file=cert_file, key_file=key_file
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, f"{fetched.token}\n".encode(), PRIVATE)
    typer.echo(f"{out}: good for {fetched.lifetime_s} s, scope {fetched.scope}")


@token_app.command("key")
def run_key(*, out: Annotated[Path, typer.Option(help="Where to; never written over.")]) -> None:
    """Make the key that a hub signs access tokens with: oauth.key_file of its settings."""
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415  starts faster without
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415  as above
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    from vpp.cli.certs.pair_files import PRIVATE, write_new  # noqa: PLC0415  as above

    key = ec.generate_private_key(ec.SECP256R1())
    write_new(out, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), PRIVATE)
    typer.echo(f'{out}: the hub\'s alone, as oauth.key_file = "..."')
