"""TLS of the token endpoint: the hub's own files, taken up again at the next connection after they change."""

import logging
import ssl
from pathlib import Path

from vpp.foundation.certificate_pair import next_file
from vpp.foundation.errors import InvalidInput

_log = logging.getLogger(__name__)


class TokenTls:
    """The present certificate, key and authorities as Python's TLS wants them."""

    def __init__(self, certificate_file: Path, key_file: Path, authority_file: Path) -> None:
        """Read the files for the first time.

        Raises:
            InvalidInput: A file cannot be read, or key and certificate do not fit.
        """
        self._certificates = (certificate_file, next_file(certificate_file))
        self._key = key_file
        self._authority = authority_file
        self._stamps = self._look()
        self._context = self._read()

    def context(self) -> ssl.SSLContext:
        """Return what a new connection needs; what was read before where the files no longer serve."""
        stamps = self._look()
        if stamps != self._stamps:
            self._stamps = stamps
            try:
                self._context = self._read()
            except InvalidInput as error:
                _log.error("%s; what was read before stays", error)
        return self._context

    def _look(self) -> tuple[tuple[int, int, int], ...]:
        stamps = []
        for file in (*self._certificates, self._key, self._authority):
            try:
                found = file.stat()
            except OSError:
                stamps.append((0, 0, 0))
            else:
                stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
        return tuple(stamps)

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.verify_mode = ssl.CERT_REQUIRED
        context.set_alpn_protocols(["http/1.1"])
        try:
            context.load_verify_locations(self._authority)
            self._load_pair(context)
        except (OSError, ssl.SSLError) as error:
            raise InvalidInput(
                f"the files of TLS do not serve the token endpoint: {error.strerror}"
            ) from None
        return context

    def _load_pair(self, context: ssl.SSLContext) -> None:
        """Load the certificate that fits the key: while a pair is replaced, that may be the next one."""
        present, coming = self._certificates
        try:
            context.load_cert_chain(present, self._key)
        except ssl.SSLError:
            if not coming.exists():
                raise
            context.load_cert_chain(coming, self._key)
