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
        if settings.server.tls_certificate_file is None:
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
    server = settings.server
    key, chain = _pem(settings, server.tls_key_file), _pem(settings, server.tls_certificate_file)
    client_ca = None if server.tls_client_ca_file is None else _pem(settings, server.tls_client_ca_file)
    return grpc.ssl_server_credentials(
        [(key, chain)], root_certificates=client_ca, require_client_auth=client_ca is not None
    )


def _pem(settings: HubSettings, file: Path | None) -> bytes:
    if file is None:
        raise InvalidInput("tls_certificate_file and tls_key_file go together")
    try:
        return settings.path(file).read_bytes()
    except OSError as error:
        raise InvalidInput(f"TLS file {file} cannot be read: {error.strerror}", file=str(file)) from error


def write_port(file: Path, port: int) -> None:
    """Write the bound port for whoever waits for it: all of it at once, or nothing."""
    partial = file.with_name(f"{file.name}.partial")
    partial.write_text(f"{port}\n", encoding="ascii")
    partial.replace(file)
