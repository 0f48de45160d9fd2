"""Writes the bill of materials of what a container runs: CycloneDX JSON, the same bytes for the same lock.

    tools/sbom [FILE]     default build/sbom.json

Names, versions and the hashes of every file that pip may install are those of `runtime.lock`. Licences and
who needs whom are what the installed packages say of themselves; the lock pins those as well. No time and no
serial number is in it, unless SOURCE_DATE_EPOCH names a time.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, metadata, requires
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_PLAIN_LICENCE = 40
"""Longer texts in a licence field are the licence itself, not its name; characters."""


def canonical(name: str) -> str:
    """Return a package's name as the lock spells it.

    Example:
        >>> canonical("SQLAlchemy")
        'sqlalchemy'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def parsed(requirement: str) -> tuple[str, frozenset[str], str]:
    """Return the name that a requirement names, the extras it wants, and the extra that wants it.

    Example:
        >>> parsed('psycopg-binary==3.3.2; extra == "binary"')
        ('psycopg-binary', frozenset(), 'binary')
        >>> parsed("psycopg[binary]>=3.2")
        ('psycopg', frozenset({'binary'}), '')
    """
    found = _REQUIREMENT.match(requirement)
    if found is None:
        raise ValueError(f"{requirement!r} is no requirement")
    extras = frozenset(one.strip() for one in (found.group(2) or "").split(",") if one.strip())
    wanted = _EXTRA.search(requirement)
    return canonical(found.group(1)), extras, wanted.group(1) if wanted else ""


def edges_of(roots: Iterable[str], locked: frozenset[str]) -> dict[str, list[str]]:
    """Return who needs whom within the lock, without regard to platforms: the same everywhere.

    Args:
        roots: Requirements of the project.
        locked: What the lock pins.
    """
    edges: dict[str, set[str]] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [parsed(root)[:2] for root in roots]
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen or name not in locked:
            continue
        seen.add((name, extras))
        kept = edges.setdefault(name, set())
        for requirement in _requires(name):
            needed, its_extras, wanted_by = parsed(requirement)
            if needed in locked and (not wanted_by or wanted_by in extras):
                kept.add(needed)
                waiting.append((needed, its_extras))
    return {name: sorted(needed) for name, needed in edges.items()}


def _requires(name: str) -> list[str]:
    try:
        return requires(name) or []
    except PackageNotFoundError:  # pinned for another platform, or another version of Python
        return []


def licences_of(name: str) -> list[dict[str, Any]]:
    """Return what a package says of its licence, as CycloneDX wants it; nothing if it says nothing."""
    try:
        known = metadata(name)
    except PackageNotFoundError:
        return []
    if expression := known.get("License-Expression"):
        return [{"expression": expression, "acknowledgement": "declared"}]
    named = [
        one.rpartition(" :: ")[2] for one in known.get_all("Classifier") or () if one.startswith("License ::")
    ]
    short = known.get("License") or ""
    if not named and short and len(short) < _PLAIN_LICENCE:
        named = [short]
    return [{"license": {"name": one, "acknowledgement": "declared"}} for one in sorted(set(named))]


def bill(root: Path) -> dict[str, Any]:
    """Return the bill of materials of a source tree."""
    with (root / "pyproject.toml").open("rb") as file:
        described = tomllib.load(file)
    project = described["project"]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.json"
        command = [str(Path(sys.executable).parent / "cyclonedx-py"), "requirements", "tools/runtime.lock"]
        flags = ["--pyproject", "pyproject.toml", "--output-reproducible", "--of", "JSON", "-o", str(raw)]
        subprocess.run([*command, *flags], cwd=root, check=True, capture_output=True)
        document: dict[str, Any] = json.loads(raw.read_text(encoding="utf-8"))
    main = document["metadata"]["component"]
    main["purl"] = main["bom-ref"] = f"pkg:pypi/{project['name']}@{project['version']}"
    for tool in document["metadata"]["tools"]["components"]:
        tool.pop("externalReferences", None)
    refs: dict[str, list[str]] = {}  # a name has several versions where Python's own version decides
    for component in document["components"]:
        name = canonical(component["name"])
        component["bom-ref"] = component["purl"]
        refs.setdefault(name, []).append(component["purl"])
        component.pop("description", None)  # the line of the lock, hashes and all
        for reference in component.get("externalReferences", ()):
            reference["url"] = component[
                "purl"
            ]  # not where it was fetched from: that differs from desk to desk
            reference["comment"] = "files that may be installed"
        if licences := licences_of(name):
            component["licenses"] = licences
    extras = project["optional-dependencies"]
    roots = [
        *project["dependencies"],
        *extras["postgresql"],
        *extras["oauth"],
        *described["dependency-groups"]["demo"],
    ]
    edges = edges_of(roots, frozenset(refs))
    needed = {name: _all_of(refs, names) for name, names in edges.items()}
    direct = _all_of(refs, {parsed(one)[0] for one in roots} & refs.keys())
    document["components"].sort(key=lambda component: component["bom-ref"])
    document["dependencies"] = [
        {"ref": main["bom-ref"], "dependsOn": direct},
        *(
            {"ref": ref, "dependsOn": needed.get(name, [])}
            for name in sorted(refs)
            for ref in sorted(refs[name])
        ),
    ]
    return document


def _all_of(refs: Mapping[str, Iterable[str]], names: Iterable[str]) -> list[str]:
    return sorted(ref for name in names for ref in refs[name])


def main() -> int:
    """Write the file."""
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "sbom.json"
    document = bill(ROOT)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    licensed = sum("licenses" in component for component in document["components"])
    print(f"{out}: {len(document['components'])} packages, {licensed} with a licence")
    return 0


if __name__ == "__main__":
    sys.exit(main())
