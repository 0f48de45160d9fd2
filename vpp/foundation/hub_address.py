"""Where a hub is: on this machine, where nobody else can listen, or elsewhere."""

import ipaddress


def is_local(address: str) -> bool:
    """Tell whether an address is on this machine.

    Args:
        address: host:port, [host]:port or unix:path.

    Example:
        >>> is_local("127.0.0.1:50051"), is_local("[::1]:50051"), is_local("hub.example:443")
        (True, True, False)
    """
    if address.startswith("unix:"):
        return True
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def proxy_options(address: str) -> tuple[tuple[str, int], ...]:
    """Return the channel options that keep calls to this machine on it.

    gRPC otherwise sends them to the proxy that the environment names (`http_proxy`), which then reads what
    goes in the clear, and connects to its own machine.

    Args:
        address: As above.

    Example:
        >>> proxy_options("localhost:50051"), proxy_options("hub.example:443")
        ((('grpc.enable_http_proxy', 0),), ())
    """
    return (("grpc.enable_http_proxy", 0),) if is_local(address) else ()
