"""Files that are held compressed until somebody reads one: statements of a large month are hundreds of MB."""

import zlib
from collections.abc import Iterator, Mapping

PACKING_LEVEL = 1
"""Quick: lines repeat themselves so much that more effort saves little."""


class PackedFiles(Mapping[str, bytes]):
    """Files by name; each is unpacked whenever it is asked for."""

    def __init__(self, packed: Mapping[str, bytes]) -> None:
        """Take files as `packed` returned them."""
        self._packed = dict(packed)

    @classmethod
    def of(cls, files: Mapping[str, bytes]) -> "PackedFiles":
        """Pack files, unless they are.

        Example:
            >>> PackedFiles.of({"a.csv": b"1,2"})["a.csv"]
            b'1,2'
        """
        if isinstance(files, cls):
            return files
        return cls({name: zlib.compress(content, PACKING_LEVEL) for name, content in files.items()})

    @property
    def packed(self) -> Mapping[str, bytes]:
        """The files as they are held: zlib."""
        return self._packed

    def __getitem__(self, name: str) -> bytes:
        """Unpack a file."""
        return zlib.decompress(self._packed[name])

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._packed)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._packed)
