"""Writes what an installed package says of itself into an image, where nothing is installed.

    python tools/image_metadata.py pyproject.toml FOLDER

The hub writes its version into records and asks the package's metadata for it.
"""

import sys
import tomllib
from pathlib import Path


def write_metadata(pyproject: Path, folder: Path) -> Path:
    """Write the name and version of a project as a `.dist-info` folder; returns it."""
    with pyproject.open("rb") as file:
        project = tomllib.load(file)["project"]
    written = folder / f"{project['name']}-{project['version']}.dist-info"
    written.mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (written / "METADATA").write_text(metadata, encoding="utf-8")
    return written


if __name__ == "__main__":
    print(write_metadata(Path(sys.argv[1]), Path(sys.argv[2])))
