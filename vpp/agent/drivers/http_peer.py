"""A device that speaks HTTP: how it is reached, and how its answers are taken."""

import logging
import ssl
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

import httpx
from pydantic import Field, model_validator

from vpp.agent.device_place import DevicePlace
from vpp.agent.drivers.table import DriverTable, read_secret
from vpp.foundation.clock import stopwatch_s
from vpp.foundation.device_terms import DeviceError
from vpp.foundation.errors import InvalidInput

FIRST_ERROR = 400
LONGEST_ANSWER = 32 * 1024 * 1024
"""Bytes of an answer that are read; more is no answer."""
log = logging.getLogger(__name__)


class HttpTable(DriverTable):
    """How a device is reached over HTTP.

    Attributes:
        base_url: Where its interface begins, `https://host[:port]`.
        authority_file: Certificates of the authorities that may have signed its own; None for the
            system's.
        plaintext: Talk without TLS; only on a network of the devices' own.
        timeout: Of each request, in the machine's time: until the answer has begun, and from then on for
            the rest of it.
    """

    base_url: str = Field(pattern=r"^https?://[^\s/?#@]+(/[^\s?#]*)?$")
    authority_file: Path | None = None
    plaintext: bool = False
    timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=2))] = timedelta(seconds=10)

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if self.base_url.startswith("http://") != self.plaintext:
            raise ValueError("base_url is https://, or plaintext = true accepts that it is http://")
        return self


class HttpLogin(HttpTable):
    """How a device is reached that wants a name and a password.

    Attributes:
        user: Name to sign in with; None for none.
        password_file: File that holds the password.
        password_environment: Environment variable that holds it instead.
    """

    user: str | None = None
    password_file: Path | None = None
    password_environment: str | None = None

    def basic_authentication(self, place: DevicePlace) -> httpx.BasicAuth | None:
        """Read the password.

        Raises:
            InvalidInput: It is missing, or given without a name.
        """
        secret = read_secret(
            place.folder, self.password_file, self.password_environment, f"{place.where}.password"
        )
        if (secret is None) != (self.user is None):
            raise InvalidInput(f"{place.where}: user and password go together")
        return (
            None
            if secret is None or self.user is None
            else httpx.BasicAuth(self.user, secret.get_secret_value())
        )


def client_of(
    table: HttpTable,
    place: DevicePlace,
    *,
    auth: httpx.BasicAuth | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Client:
    """Build a client that follows no redirect and trusts no proxy of the environment.

    Raises:
        InvalidInput: The authorities' certificates cannot be read.
    """
    verify: ssl.SSLContext | bool = True
    if table.authority_file is not None:
        path = place.folder / table.authority_file
        try:
            verify = ssl.create_default_context(cafile=path)
        except (OSError, ssl.SSLError) as error:
            raise InvalidInput(
                f"{place.where}.authority_file {path} cannot be used: {error}", file=str(path)
            ) from error
    return httpx.Client(
        base_url=table.base_url,
        auth=auth,
        # An answer that is packed could be of any size once it is unpacked.
        headers={"Accept-Encoding": "identity", **(headers or {})},
        verify=verify,
        timeout=table.timeout.total_seconds(),
        trust_env=False,
    )


def asked(  # noqa: PLR0913  one of HTTP's own parts each
    client: httpx.Client,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    longest: int = LONGEST_ANSWER,
) -> httpx.Response:
    """Ask, and return what the device answered, whether it agrees or not.

    Raises:
        DeviceError: It does not answer, or its answer does not end.
    """
    try:
        with client.stream(method, path, json=body, headers=dict(headers or {})) as response:
            return _whole(response, stopwatch_s() + (client.timeout.read or 0.0), longest)
    except httpx.TimeoutException as error:
        raise DeviceError(f"no answer to {method} in time") from error
    except httpx.HTTPError as error:
        # What the library says may hold addresses, which stay in the log.
        log.info("%s %s%s: %s", method, client.base_url, path, error)
        raise DeviceError(f"no answer to {method}: {type(error).__name__}") from error


def _whole(response: httpx.Response, deadline_s: float, longest: int) -> httpx.Response:
    """Read an answer to its end, however slowly it drips and however much of it there is."""
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise DeviceError("answers in an encoding that was not asked for")
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > longest:
            raise DeviceError("its answer is too long")
        if stopwatch_s() > deadline_s:
            raise DeviceError("its answer did not end in time")
    return httpx.Response(
        response.status_code, headers=response.headers, content=bytes(content), request=response.request
    )


def got(client: httpx.Client, path: str, *, longest: int = LONGEST_ANSWER) -> dict[str, Any]:
    """Read a JSON object of no more than so many bytes.

    Raises:
        DeviceError: The device does not answer, refuses, or answers something else.
    """
    response = asked(client, "GET", path, longest=longest)
    if not response.is_success:  # a redirect is none: it could lead anywhere
        raise DeviceError(f"answers {response.status_code} to a read")
    try:
        content = response.json()
    except (ValueError, RecursionError) as error:
        raise DeviceError("answers a read with something that is not JSON") from error
    if not isinstance(content, dict):
        raise DeviceError("answers a read with JSON that is no object")
    return content
