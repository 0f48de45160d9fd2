"""Which fields an update names."""

from collections.abc import Collection

from google.protobuf.field_mask_pb2 import FieldMask

from vpp.foundation.errors import InvalidInput


def masked_fields(mask: FieldMask, changeable: Collection[str]) -> frozenset[str]:
    """Read an update mask.

    Args:
        mask: The mask on the wire.
        changeable: The fields that the method can change.

    Raises:
        InvalidInput: It names no field, or one that cannot be changed.

    Example:
        >>> sorted(masked_fields(FieldMask(paths=["display_name"]), ["display_name", "import_limit_kw"]))
        ['display_name']
    """
    unknown = sorted(set(mask.paths) - set(changeable))
    if unknown or not mask.paths:
        named = ", ".join(unknown) or "nothing"
        raise InvalidInput(
            f"update_mask names {named}, expected some of {', '.join(changeable)}",
            field="update_mask",
            value=named,
        )
    return frozenset(mask.paths)
