"""Opens the hub's port, with TLS where the settings say so."""

from pathlib import Path

import grpc

from vpp.foundation.errors import InvalidInput
from vpp.hub.settings import HubSettings


def listen(server: grpc.aio.Server, settings: HubSettings) -> int:
    """Bind the server to its address.

    Returns:
        The bound port.

    Raises:
        InvalidInput: The port is taken or the address is not this machine's, or a TLS file cannot
            be read.
    """
    address = f"{_bracketed(settings.server.listen_address)}:{settings.server.port}"
    try:
        if settings.server.plaintext:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, _credentials(settings))
    except RuntimeError as error:
        raise InvalidInput(f"cannot listen on {address}: {error}", address=address) from error
    if not port:
        raise InvalidInput(f"cannot listen on {address}", address=address)
    return port


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _credentials(settings: HubSettings) -> grpc.ServerCredentials:
    tls = settings.server.tls
    key, chain = _pem(settings, tls.key_file), _pem(settings, tls.certificate_file)
    return grpc.ssl_server_credentials(
        [(key, chain)], root_certificates=_pem(settings, tls.authority_file), require_client_auth=True
    )


def _pem(settings: HubSettings, file: Path) -> bytes:
    try:
        return settings.path(file).read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"TLS file {settings.path(file)} cannot be read: {error.strerror}; make it with `vpp certs`, "
            "or set server.plaintext = true to listen on loopback without TLS",
            file=str(file),
        ) from error


def write_port(file: Path, port: int) -> None:
    """Write the bound port for whoever waits for it: all of it at once, or nothing."""
    partial = file.with_name(f"{file.name}.partial")
    partial.write_text(f"{port}\n", encoding="ascii")
    partial.replace(file)
