"""Product profiles from files: one TOML file per version."""

import tomllib
from pathlib import Path

from pydantic import ValidationError

from vpp.foundation.errors import InvalidInput
from vpp.portfolio.product import ProductProfile


def load_product_files(directory: Path) -> list[ProductProfile]:
    """Read every product profile of a folder, in order of file name.

    Raises:
        InvalidInput: The folder does not exist, or a file is no product profile; names the file.
    """
    if not directory.is_dir():
        raise InvalidInput(f"product_directory {directory} does not exist", product_directory=str(directory))
    return [_load(path) for path in sorted(directory.glob("*.toml"))]


def _load(path: Path) -> ProductProfile:
    try:
        return ProductProfile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (ValidationError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} is no product profile: {error}", file=str(path)) from error
