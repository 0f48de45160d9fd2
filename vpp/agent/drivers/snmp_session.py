"""SNMP in plain calls: get, walk and set from one thread, on pysnmp's own loop."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, SecretStr, model_validator
from pysnmp.error import PySnmpError
from pysnmp.hlapi.v3arch import asyncio as snmp
from pysnmp.proto.rfc1902 import Integer32
from pysnmp.proto.rfc1905 import EndOfMibView, NoSuchInstance, NoSuchObject

from vpp.agent.drivers.table import DriverTable, read_secret
from vpp.foundation.device_terms import DeviceError
from vpp.foundation.errors import InvalidInput

R = TypeVar("R")
MOST_ROWS = 64
"""Rows of a table that are read at most: a device that counts on for ever must not hold the thread."""
LONGEST_CALL = 5
"""Timeouts that one call may last, however many requests it makes."""
AUTHENTICATION = {
    "sha1": snmp.USM_AUTH_HMAC96_SHA,
    "sha256": snmp.USM_AUTH_HMAC192_SHA256,
    "sha512": snmp.USM_AUTH_HMAC384_SHA512,
}
PRIVACY = {"aes128": snmp.USM_PRIV_CFB128_AES, "aes256": snmp.USM_PRIV_CFB256_AES}
ABSENT = (NoSuchObject, NoSuchInstance, EndOfMibView)


class SnmpTable(DriverTable):
    """How an SNMP agent is reached.

    Attributes:
        host: Name or address.
        port: UDP port.
        version: `2c` or `3`; only `3` keeps secrets on the wire.
        timeout: Longest wait for an answer.
        community_file: File with the community; for version 2c.
        community_environment: Environment variable with it instead.
        user: Name of the user; for version 3.
        authentication: How messages are authenticated; for version 3.
        authentication_file: File with the pass phrase.
        authentication_environment: Environment variable with it instead.
        privacy: How messages are encrypted; for version 3.
        privacy_file: File with the pass phrase.
        privacy_environment: Environment variable with it instead.
    """

    host: str = Field(min_length=1)
    port: int = Field(default=161, ge=1, le=65535)
    version: Literal["2c", "3"] = "3"
    timeout: Annotated[timedelta, Field(gt=timedelta(0), le=timedelta(minutes=1))] = timedelta(seconds=3)
    community_file: Path | None = None
    community_environment: str | None = None
    user: str | None = None
    authentication: Literal["sha1", "sha256", "sha512"] = "sha256"
    authentication_file: Path | None = None
    authentication_environment: str | None = None
    privacy: Literal["aes128", "aes256"] = "aes128"
    privacy_file: Path | None = None
    privacy_environment: str | None = None

    @model_validator(mode="after")
    def _fits_the_version(self) -> Self:
        has_community = self.community_file is not None or self.community_environment is not None
        if self.version == "3" and (self.user is None or has_community):
            raise ValueError("version 3 takes a user, and no community")
        if self.version != "3" and (self.user is not None or not has_community):
            raise ValueError(
                f"version {self.version} takes community_file or community_environment, and no user"
            )
        return self


def credentials_of(table: SnmpTable, folder: Path, where: str) -> Any:  # noqa: ANN401  the library is untyped
    """Read the secrets that a table names.

    Raises:
        InvalidInput: A file or variable is missing or empty, or version 3 lacks authentication.
    """
    if table.version != "3":
        community = _secret(folder, table.community_file, table.community_environment, f"{where}.community")
        return snmp.CommunityData(community.get_secret_value(), mpModel=1)  # noqa: S508  the site's choice; 3 is the default
    authentication = _secret(
        folder, table.authentication_file, table.authentication_environment, f"{where}.authentication"
    )
    privacy = read_secret(folder, table.privacy_file, table.privacy_environment, f"{where}.privacy")
    return snmp.UsmUserData(
        table.user,
        authKey=authentication.get_secret_value(),
        authProtocol=AUTHENTICATION[table.authentication],
        privKey=None if privacy is None else privacy.get_secret_value(),
        privProtocol=snmp.USM_PRIV_NONE if privacy is None else PRIVACY[table.privacy],
    )


def _secret(folder: Path, file: Path | None, environment: str | None, where: str) -> SecretStr:
    secret = read_secret(folder, file, environment, where)
    if secret is None:
        raise InvalidInput(f"{where} is missing, expected a file or an environment variable that holds it")
    return secret


class SnmpSession:
    """Talks to one SNMP agent; a call blocks for at most the timeout, and a walk for a few of them."""

    def __init__(self, table: SnmpTable, credentials: Any) -> None:  # noqa: ANN401  the library is untyped
        """Prepare; the first call opens the socket."""
        self._table = table
        self._credentials = credentials
        self._runner: asyncio.Runner | None = None
        self._engine: Any = None
        self._target: Any = None

    def get(self, oids: Sequence[str]) -> dict[str, int | None]:
        """Return whole numbers by object identifier; None for what the agent does not have.

        Raises:
            DeviceError: It does not answer, or holds something else than a number.
        """
        return self._run(self._get(oids))

    def walk(self, oid: str) -> list[str]:
        """Return a column of object identifiers, in the agent's order."""
        return self._run(self._walk(oid))

    def set(self, values: Mapping[str, int]) -> None:
        """Write whole numbers in one request, all or none.

        Raises:
            DeviceError: The agent does not answer or refuses.
        """
        self._run(self._set(values))

    def close(self) -> None:
        """Close the socket."""
        runner, self._runner = self._runner, None
        if runner is None:
            return
        engine, self._engine, self._target = self._engine, None, None
        runner.run(_closed(engine))
        runner.close()

    def _run(self, work: Coroutine[Any, Any, R]) -> R:
        if self._runner is None:
            self._runner = asyncio.Runner()
        try:
            return self._runner.run(
                asyncio.wait_for(work, LONGEST_CALL * self._table.timeout.total_seconds())
            )
        except TimeoutError as error:  # each answer in time, and no end of them
            raise DeviceError("does not come to an end") from error
        except DeviceError:
            self._target = None  # its name may stand for another address by now
            raise
        except (PySnmpError, OSError) as error:
            raise DeviceError(f"cannot be asked: {type(error).__name__}") from error

    async def _peer(self) -> tuple[Any, Any, Any, Any]:
        if self._engine is None:
            self._engine = snmp.SnmpEngine()
        if self._target is None:
            table = self._table
            self._target = await snmp.UdpTransportTarget.create(
                (table.host, table.port), timeout=table.timeout.total_seconds(), retries=0
            )
        return self._engine, self._credentials, self._target, snmp.ContextData()

    async def _get(self, oids: Sequence[str]) -> dict[str, int | None]:
        objects = [snmp.ObjectType(snmp.ObjectIdentity(oid)) for oid in oids]
        bound = _checked(await snmp.get_cmd(*await self._peer(), *objects, lookupMib=False))
        if [str(name) for name, _ in bound] != list(oids):
            raise DeviceError("answers for other objects than it was asked for")
        return {str(name): _number(value) for name, value in bound}

    async def _walk(self, oid: str) -> list[str]:
        found: list[str] = []
        at = oid
        while len(found) < MOST_ROWS:
            answer = await snmp.next_cmd(
                *await self._peer(), snmp.ObjectType(snmp.ObjectIdentity(at)), lookupMib=False
            )
            ((name, value),) = _checked(answer)
            if not str(name).startswith(oid + ".") or isinstance(value, ABSENT):
                break
            if _numbers(str(name)) <= _numbers(at):
                raise DeviceError("answers a walk with what came before")
            at = str(name)
            if not hasattr(value, "isPrefixOf"):  # the library has several classes of identifiers
                raise DeviceError(f"holds {type(value).__name__} where an object identifier belongs")
            found.append(str(value))
        return found

    async def _set(self, values: Mapping[str, int]) -> None:
        objects = [
            snmp.ObjectType(snmp.ObjectIdentity(oid), Integer32(value)) for oid, value in values.items()
        ]
        _checked(await snmp.set_cmd(*await self._peer(), *objects, lookupMib=False))


def _numbers(oid: str) -> tuple[int, ...]:
    return tuple(int(part) for part in oid.split("."))


async def _closed(engine: Any) -> None:  # noqa: ANN401  the library is untyped
    if engine is not None:
        engine.close_dispatcher()


def _checked(answer: Any) -> Any:  # noqa: ANN401  the library is untyped
    indication, status, _, bound = answer
    if indication:
        raise DeviceError(f"does not answer: {indication}")
    if status:
        raise DeviceError(f"refuses: {status.prettyPrint()}")
    return bound


def _number(value: Any) -> int | None:  # noqa: ANN401  the library is untyped
    if isinstance(value, ABSENT):
        return None
    try:
        return int(value)
    except (TypeError, ValueError) as error:
        raise DeviceError(f"holds {type(value).__name__} where a number belongs") from error
