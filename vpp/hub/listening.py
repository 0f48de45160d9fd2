"""Opens the hub's port: with mutual TLS, or on loopback without where the settings say so."""

from pathlib import Path

import grpc

from vpp.foundation.errors import InvalidInput
from vpp.hub.settings import ServerSettings
from vpp.hub.tls_credentials import TlsCredentials


def listen(server: grpc.aio.Server, settings: ServerSettings, credentials: TlsCredentials | None) -> int:
    """Bind the server to its address.

    Args:
        server: The server.
        settings: Where it listens.
        credentials: What it shows and asks for; None does without TLS.

    Returns:
        The bound port.

    Raises:
        InvalidInput: The port is taken, the address is not this machine's, or anybody else could listen to
            what goes in the clear.
    """
    address = f"{_bracketed(settings.listen_address)}:{settings.port}"
    if credentials is None and not (settings.plaintext and settings.is_loopback):
        raise InvalidInput(f"cannot listen on {address} without TLS", address=address)
    try:
        if credentials is None:
            port = server.add_insecure_port(address)
        else:
            port = server.add_secure_port(address, credentials.server_credentials())
    except RuntimeError as error:
        raise InvalidInput(f"cannot listen on {address}: {error}", address=address) from error
    if not port:
        raise InvalidInput(f"cannot listen on {address}", address=address)
    return port


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def write_port(file: Path, port: int) -> None:
    """Write the bound port for whoever waits for it: all of it at once, or nothing."""
    partial = file.with_name(f"{file.name}.partial")
    partial.write_text(f"{port}\n", encoding="ascii")
    partial.replace(file)
