"""The keys that a hub seals bids with: read from its file, made for a new hub, never made anew."""

import logging
import os
import stat
from collections.abc import Collection, Iterable
from pathlib import Path

from vpp.foundation.errors import InvalidInput
from vpp.foundation.sealing_keys import SealingKeys, new_sealing_keys, read_sealing_keys, sealing_key_lines
from vpp.storage.bid_sealing import BidSealing
from vpp.storage.unit_of_work import SqlUnitOfWorkFactory
from vpp.workflows.recording import HUB, audit
from vpp.workflows.sealing import give_up_key, seal_older_bids

_log = logging.getLogger(__name__)


def ensure_sealing_keys(
    units: SqlUnitOfWorkFactory, path: Path, *, lost: Collection[str] = frozenset()
) -> SealingKeys:
    """Return the hub's sealing keys, and note down in the database which one seals from here on.

    A hub whose database has never sealed anything makes its key, and seals what an older hub left in the
    clear before its gate. Afterwards bids are sealed when they are entered and at no other time: one that
    stands in the clear then was put there by somebody else, and takes no part. A missing file is an error:
    another key would open none of the bids that stand, and two hubs with a key each could not open each
    other's.

    Args:
        units: Makes the transactions; what its own seals with is not asked.
        path: The file of the keys.
        lost: Ids of keys that nobody has any more, as the hub's owner says: what is sealed with them and
            still stands is refused, and its sites may bid anew.

    Raises:
        InvalidInput: The file is missing or cannot be made, holds no keys, or not those that are needed, or
            a key that is said to be lost is in the file, or is none of this database's.
    """
    with units(write=False) as uow:
        wanted = uow.bids.known_keys().difference(lost)
    keys = _read(path) if path.exists() else _made(path, wanted)
    with units.sealing_with(
        BidSealing(keys)
    )() as uow:  # writers take turns: of two hubs that start side by side one sees the other's key
        known, needed = uow.bids.known_keys(), uow.bids.keys_in_use()
        _check_lost(lost, known, keys)
        _check_held(keys, known.difference(lost), needed.difference(lost), path)
        for key_id in sorted(lost):
            refused = give_up_key(uow, key_id)
            _log.warning(
                "sealing key %s is lost: %d bids were refused, and may be entered anew", key_id, refused
            )
        count = 0 if known else seal_older_bids(uow)
        sealing = keys.key_ids[0]
        if sealing not in known:
            uow.bids.register_key(sealing)
            audit(uow, HUB, "use_sealing_key", f"sealingKeys/{sealing}", file=path.name)
        if lost or sealing not in known:
            uow.commit()
    if count:
        _log.warning(
            "%d bids stood in the clear and are sealed now; what the database and its backups kept of them "
            "until then is not overwritten",
            count,
        )
    return keys


def _check_held(keys: SealingKeys, known: frozenset[str], needed: frozenset[str], path: Path) -> None:
    held = frozenset(keys.key_ids)
    lacking = sorted(needed - held) or (sorted(known) if known and not known & held else [])
    if lacking:
        raise InvalidInput(
            f"sealing.key_file {path} holds {', '.join(keys.key_ids)}, expected {', '.join(lacking)} among "
            f"them: bids of this database are sealed with it; {_way_on(lacking)}",
            file=str(path),
        )


def _check_lost(lost: Collection[str], known: frozenset[str], keys: SealingKeys) -> None:
    for key_id in sorted(lost):
        if key_id in keys.key_ids or key_id not in known:
            what = "in sealing.key_file" if key_id in keys.key_ids else "none of this database's keys"
            raise InvalidInput(
                f"--sealing-key-lost is {key_id}, which is {what}, expected the id of a lost key",
                sealing_key_lost=key_id,
            )


def _way_on(lacking: Iterable[str]) -> str:
    options = " ".join(f"--sealing-key-lost {key_id}" for key_id in lacking)
    return f"if no copy of it is left, start once with {options}, and those bids are refused"


def _read(path: Path) -> SealingKeys:
    try:
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"sealing.key_file {path} cannot be read: {error}", file=str(path)) from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        _log.warning("sealing.key_file %s can be read by others than the hub; expected mode 600", path)
    return read_sealing_keys(text, f"sealing.key_file {path}")


def _made(path: Path, known: frozenset[str]) -> SealingKeys:
    if known:
        raise InvalidInput(
            f"sealing.key_file {path} does not exist, expected the file with key {', '.join(sorted(known))}: "
            f"bids of this database are sealed with it; {_way_on(sorted(known))}",
            file=str(path),
        )
    keys = new_sealing_keys()
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with os.fdopen(
            os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8"
        ) as file:
            file.write(sealing_key_lines(keys))
            file.flush()
            os.fsync(file.fileno())  # bids that only this key opens are on the disk from the next commit on
        os.link(part, path)  # whole or not there at all
        _keep_name(path.parent)
    except FileExistsError:  # another hub that starts at the same time was first
        return _read(path)
    except OSError as error:
        raise InvalidInput(
            f"sealing.key_file {path} does not exist and cannot be made: {error.strerror}; make it with "
            "`vpp keys create --sealing`",
            file=str(path),
        ) from error
    finally:
        part.unlink(missing_ok=True)
    _log.warning("made sealing key %s in %s; keep a copy, apart from the database", keys.key_ids[0], path)
    return keys


def _keep_name(folder: Path) -> None:
    """Have the file system write down what the folder holds."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
