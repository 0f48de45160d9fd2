"""One hash over all evidence of a statement, so that whoever signs the statement vouches for it too."""

import hashlib
from collections.abc import Mapping


def evidence_seal(digests: Mapping[tuple[str, str], str]) -> str:
    """Hash the digests of evidence.

    Args:
        digests: SHA-256 of each document by event id and site id, hexadecimal.

    Returns:
        SHA-256 over one line per document, `event site digest`, in order; the same for the same evidence.

    Example:
        >>> evidence_seal({("e", "b"): "22", ("e", "a"): "11"}) == evidence_seal(
        ...     {("e", "a"): "11", ("e", "b"): "22"})
        True
    """
    lines = sorted(f"{event_id} {site_id} {digest}\n" for (event_id, site_id), digest in digests.items())
    return hashlib.sha256("".join(lines).encode()).hexdigest()
