"""The files of mutual TLS: read again when they change, so that nothing has to be restarted."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import grpc
from cryptography import x509

from vpp.foundation.certificate_name import UNREADABLE
from vpp.foundation.certificate_pair import CertificatePair, next_file, read_pair
from vpp.foundation.clock import Clock
from vpp.foundation.errors import InvalidInput
from vpp.rpc.revocation_list import (
    RevocationList,
    authority_id,
    newest_lists,
    read_revocation_list,
    revocation_blocks,
)
from vpp.rpc.standing import Standing, Trust

_log = logging.getLogger(__name__)
T = TypeVar("T")
Stamp = tuple[int, int, int] | None


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the files are, as `vpp certs` writes them.

    Attributes:
        certificate: The hub's certificate.
        key: Its private key.
        authority: Certificates of the authorities whose certificates count.
        revocations: What those authorities have revoked.
    """

    certificate: Path
    key: Path
    authority: Path
    revocations: Path


@dataclass(frozen=True, slots=True)
class TlsContent:
    """What was in them; of a file that does not hold what it should, what was in it before.

    Attributes:
        pair: The hub's certificate and key.
        authority_pem: The authorities, PEM.
        authorities: The same, read.
        lists: Revocation lists, by `authority_id`.
        problems: Why something stayed as it was; nothing if all is well.
    """

    pair: CertificatePair
    authority_pem: bytes
    authorities: tuple[x509.Certificate, ...]
    lists: Mapping[bytes, RevocationList]
    problems: tuple[str, ...] = field(default=())


class TlsCredentials:
    """Gives gRPC the newest certificate at every handshake, and `Standing` the newest revocations.

    A change touches no open connection: sessions go on, and the next handshake sees the new certificate.
    """

    def __init__(self, files: TlsFiles, trust_domain: str, clock: Clock) -> None:
        """Read the files for the first time.

        Args:
            files: Where they are.
            trust_domain: Whose names certificates carry.
            clock: The machine's.

        Raises:
            InvalidInput: A file is missing or does not hold what it should.
        """
        self._files = files
        self._trust_domain = trust_domain
        self._clock = clock
        self._lock = threading.Lock()
        self._fresh: grpc.ServerCertificateConfiguration | None = None
        self._stamps = self._look()
        pair, (authority_pem, authorities) = self._read_pair(), self._read_authorities()
        problems: list[str] = []
        lists = self._read_lists(authorities, {}, problems)
        if problems:
            raise InvalidInput(problems[0], file=str(files.revocations))
        self._content = TlsContent(pair, authority_pem, authorities, lists)

    @property
    def content(self) -> TlsContent:
        """What was read last."""
        return self._content

    def server_credentials(self) -> grpc.ServerCredentials:
        """Return what gRPC listens with: every caller shows a certificate."""
        return grpc.dynamic_ssl_server_credentials(
            _configuration(self._content),
            self._fetch,  # type: ignore[arg-type]  # its stubs do not know that None is for no change
            require_client_authentication=True,
        )

    def _fetch(self) -> grpc.ServerCertificateConfiguration | None:
        """Return a changed configuration once; gRPC asks at every handshake, on threads of its own."""
        with self._lock:
            fresh, self._fresh = self._fresh, None
        return fresh

    def read(self) -> TlsContent | None:
        """Read the files again; None if none of them has changed."""
        stamps = self._look()
        if stamps == self._stamps:
            return None
        before = self._content
        problems: list[str] = []
        pair = _else(self._read_pair, before.pair, problems)
        authority_pem, authorities = _else(
            self._read_authorities, (before.authority_pem, before.authorities), problems
        )
        ids = {authority_id(one) for one in authorities}
        kept = {each: one for each, one in before.lists.items() if each in ids}
        lists = _else(lambda: self._read_lists(authorities, kept, problems), kept, problems)
        self._stamps = stamps  # at last: whatever went wrong before, they are read again
        return TlsContent(pair, authority_pem, authorities, lists, tuple(problems))

    def take(self, content: TlsContent | None, standing: Standing) -> None:
        """Take in what was read, if anything was."""
        if content is None:
            return
        before, self._content = self._content, content
        for problem in content.problems:
            _log.error("%s; what was read before stays", problem)
        if (content.pair, content.authority_pem) != (before.pair, before.authority_pem):
            with self._lock:
                self._fresh = _configuration(content)
            _log.info("from now on the hub shows %r", content.pair)
        self.tell(standing)

    def tell(self, standing: Standing) -> None:
        """Say what the files say about others' certificates."""
        standing.set_trust(Trust(self._content.authorities, self._content.lists))

    def warnings(self) -> list[str]:
        """Return what the hub's owner should see to; nothing if all is well."""
        found = [f"{problem}; what was read before stays" for problem in self._content.problems]
        pair = self._content.pair
        if self._clock.now() > pair.not_after - pair.lifetime / 5:
            found.append(f"the hub's certificate ends at {pair.not_after:%Y-%m-%dT%H:%MZ}: renew it")
        return found

    def objections(self) -> list[str]:
        """Return why nobody can connect; nothing while somebody can."""
        pair = self._content.pair
        if self._clock.now() < pair.not_after:
            return []
        return [f"the hub's certificate ended at {pair.not_after:%Y-%m-%dT%H:%MZ}: no caller accepts it"]

    def _look(self) -> tuple[Stamp, ...]:
        files = self._files
        watched = (files.certificate, next_file(files.certificate), files.key, files.authority)
        return tuple(_stamp(file) for file in (*watched, files.revocations))

    def _read_pair(self) -> CertificatePair:
        pair = read_pair(self._files.certificate, self._files.key)
        if not pair.name.is_hub or pair.name.trust_domain != self._trust_domain:
            raise InvalidInput(
                f"{self._files.certificate} names {pair.name}, expected spiffe://{self._trust_domain}/hub/..."
            )
        if self._clock.now() >= pair.not_after:
            raise InvalidInput(
                f"{self._files.certificate} ended at {pair.not_after:%Y-%m-%dT%H:%MZ}; renew it with "
                "`vpp certs rotate`"
            )
        return pair

    def _read_authorities(self) -> tuple[bytes, tuple[x509.Certificate, ...]]:
        pem = _bytes(self._files.authority)
        try:
            authorities = tuple(x509.load_pem_x509_certificates(pem))
            for one in authorities:
                authority_id(one)  # a key of an unknown kind could be told from no other
        except UNREADABLE as error:
            raise InvalidInput(f"{self._files.authority} holds no certificates in PEM") from error
        return pem, authorities

    def _read_lists(
        self,
        authorities: tuple[x509.Certificate, ...],
        known: Mapping[bytes, RevocationList],
        problems: list[str],
    ) -> dict[bytes, RevocationList]:
        """Return what every authority has said last: one list of no use keeps no other from counting."""
        file, lists = self._files.revocations, []
        pem = _bytes(file)
        try:
            blocks = revocation_blocks(pem)
        except InvalidInput as error:
            raise InvalidInput(f"{file}: {error}", file=str(file)) from error
        for block in blocks:
            try:
                lists.append(read_revocation_list(block, authorities))
            except InvalidInput as error:
                problems.append(f"{file}: {error}")
        read = newest_lists(lists)
        if any(one.is_older_than(known[each]) for each, one in read.items() if each in known):
            problems.append(f"{file} holds a revocation list that is older than one read before")
        return newest_lists([*known.values(), *read.values()])


def _else(read: Callable[[], T], before: T, problems: list[str]) -> T:
    """Read something, or keep what was there and say why."""
    try:
        return read()
    except InvalidInput as error:
        problems.append(str(error))
        return before


def _configuration(content: TlsContent) -> grpc.ServerCertificateConfiguration:
    pair = (content.pair.key_pem, content.pair.certificate_pem)
    return grpc.ssl_server_certificate_configuration([pair], root_certificates=content.authority_pem)


def _stamp(file: Path) -> Stamp:
    """Return what changes with a file's content; None if there is no such file."""
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}", file=str(file)) from error
