"""What an authority has issued and revoked: one line of JSON each, only ever appended.

A certificate is written down before it is handed out, so that there is none that the list does not know.
"""

import json
import os
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from vpp.foundation.errors import InvalidInput

LOG_FILE = "issued.jsonl"
ISSUED = "issued"
REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class IssuedCertificate:
    """One certificate as the authority remembers it.

    Attributes:
        serial: Its number.
        name: Whose it is, as a URI.
        fingerprint: SHA-256 of its DER form, lower-case hexadecimal.
        not_before: From when it holds, UTC.
        not_after: Until when it holds, UTC.
        issued_at: When it was issued, UTC.
        dns_names: A hub's host names.
        addresses: A hub's addresses.
        revoked_at: When it was revoked, UTC; None if it was not.
        revoked_for: Why, in RFC 5280's words; None if it was not.
    """

    serial: int
    name: str
    fingerprint: str
    not_before: datetime
    not_after: datetime
    issued_at: datetime
    dns_names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    revoked_at: datetime | None = None
    revoked_for: str | None = None

    def state(self, now: datetime) -> str:
        """Return `valid`, `revoked` or `expired`; what is both revoked and expired is expired."""
        if self.not_after <= now:
            return "expired"
        return "valid" if self.revoked_at is None else "revoked"


@dataclass(slots=True)
class IssueLog:
    """The list, in a file.

    Attributes:
        file: JSON lines.
        certificates: What has been issued, by number, in the order in which it was.
    """

    file: Path
    certificates: dict[int, IssuedCertificate] = field(default_factory=dict)

    def read(self) -> None:
        """Read the list from its file.

        A line without its end was never finished, and what it speaks of never handed out: it is cut off.

        Raises:
            InvalidInput: A line cannot be read: a certificate could be missing from the revocations.
        """
        content = self.file.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            os.truncate(self.file, len(whole))
        self.certificates = {}
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise InvalidInput(
                    f"line {number} of {self.file} cannot be read; restore the file from a copy",
                    file=str(self.file),
                    line=str(number),
                ) from error

    def issued(self, certificate: IssuedCertificate) -> None:
        """Write down a new certificate; durable when this returns."""
        self._append(
            {
                "event": ISSUED,
                "at": certificate.issued_at.isoformat(),
                "serial": f"{certificate.serial:x}",
                "name": certificate.name,
                "fingerprint": certificate.fingerprint,
                "not_before": certificate.not_before.isoformat(),
                "not_after": certificate.not_after.isoformat(),
                "dns_names": list(certificate.dns_names),
                "addresses": list(certificate.addresses),
            }
        )

    def revoked(self, serial: int, at: datetime, reason: str) -> None:
        """Write down that a certificate counts no more; durable when this returns."""
        self._append({"event": REVOKED, "at": at.isoformat(), "serial": f"{serial:x}", "reason": reason})

    def _append(self, entry: dict[str, object]) -> None:
        line = json.dumps(entry, sort_keys=True, ensure_ascii=False) + "\n"
        number = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(number, "wb") as opened:
            opened.write(line.encode())
            opened.flush()
            os.fsync(opened.fileno())
        self._take(entry)

    def _take(self, entry: dict[str, object]) -> None:
        serial = int(str(entry["serial"]), 16)
        at = _instant(entry["at"])
        if entry["event"] == ISSUED:
            self.certificates[serial] = IssuedCertificate(
                serial,
                str(entry["name"]),
                str(entry["fingerprint"]),
                _instant(entry["not_before"]),
                _instant(entry["not_after"]),
                at,
                _texts(entry["dns_names"]),
                _texts(entry["addresses"]),
            )
        elif entry["event"] == REVOKED:
            self.certificates[serial] = replace(
                self.certificates[serial], revoked_at=at, revoked_for=str(entry["reason"])
            )
        else:
            raise ValueError(entry["event"])


def read_issue_log(folder: Path) -> list[IssuedCertificate]:
    """Return what an authority has issued, in the order in which it was; its key is not needed.

    Raises:
        InvalidInput: The folder holds no authority, or its list cannot be read.
    """
    log = IssueLog(folder / LOG_FILE)
    try:
        log.read()
    except OSError as error:
        raise InvalidInput(f"{log.file} cannot be read: {error.strerror}", file=str(log.file)) from error
    return list(log.certificates.values())


def _instant(value: object) -> datetime:
    instant = datetime.fromisoformat(str(value))
    if instant.tzinfo is None:
        raise ValueError(value)
    return instant


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(value)
    return tuple(str(each) for each in value)
