"""Asks whether what the locks pin has known vulnerabilities, and says so where nobody could be asked.

    .venv/bin/python tools/audit_packages.py                 in CI: no answer is SKIPPED, and no failure
    .venv/bin/python tools/audit_packages.py --must-answer   before a release: no answer fails

pip-audit asks an index on the network. Where it gets no answer about a package it still ends in success, so
what it could not look at is counted here. Vulnerabilities that are judged not to matter stand in
`tools/known_vulnerabilities.toml`, each with its reason and the day until which that holds.
"""

import argparse
import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("tools/runtime.lock", "tools/requirements.lock")
EXCEPTIONS = ROOT / "tools" / "known_vulnerabilities.toml"
DEADLINE_S = 120
MOST_SHOWN = 5


@dataclass(frozen=True)
class Audit:
    """What the index said of one lock.

    Attributes:
        asked: Packages that there was an answer about.
        silent: Packages without an answer, each with why.
        found: Vulnerabilities, as "package version id".
        failure: Why there was no answer at all; empty if there was one.
    """

    asked: int = 0
    silent: tuple[str, ...] = ()
    found: tuple[str, ...] = ()
    failure: str = ""


@dataclass(frozen=True)
class Judged:
    """Someone's judgement of a vulnerability.

    Attributes:
        package: Name of the package.
        vulnerability: Its id or an alias of it.
        reason: Why it does not matter here.
        until: Day after which it has to be judged again.
    """

    package: str
    vulnerability: str
    reason: str
    until: date


def read_exceptions(content: str) -> list[Judged]:
    """Read the judgements; each must have a reason and an end.

    Raises:
        KeyError: A judgement lacks something.
        ValueError: A reason is too short to be one.
    """
    judged = [
        Judged(one["package"], one["vulnerability"], one["reason"], one["until"])
        for one in tomllib.loads(content).get("known", [])
    ]
    for one in judged:
        if len(one.reason.split()) < 3:  # noqa: PLR2004  fewer words say nothing
            raise ValueError(f"{one.vulnerability}: reason is {one.reason!r}, expected a sentence")
    return judged


def audited(answer: Mapping[str, Any], judged: Sequence[Judged], today: date) -> Audit:
    """Sort what pip-audit answered.

    Args:
        answer: Its JSON document.
        judged: What is known and judged.
        today: Judgements that have ended by then no longer count.
    """
    holds = {(one.package.lower(), one.vulnerability) for one in judged if one.until >= today}
    found, silent, asked = [], [], 0
    for package in answer.get("dependencies", ()):
        name = package["name"]
        if "skip_reason" in package:
            silent.append(f"{name}: {package['skip_reason']}")
            continue
        asked += 1
        for one in package.get("vulns", ()):
            ids = {one["id"], *one.get("aliases", ())}
            if not any((name.lower(), known) in holds for known in ids):
                found.append(f"{name} {package['version']} {one['id']}")
    return Audit(asked, tuple(silent), tuple(found))


def ask(lock: Path, judged: Sequence[Judged]) -> Audit:
    """Ask about every package of a lock."""
    command = [
        str(Path(sys.executable).parent / "pip-audit"),
        "--disable-pip",
        "--no-deps",
        "--progress-spinner",
        "off",
    ]
    try:
        done = subprocess.run(
            [*command, "--format", "json", "-r", str(lock)],
            capture_output=True,
            text=True,
            check=False,
            timeout=DEADLINE_S,
        )
    except subprocess.TimeoutExpired:
        return Audit(failure=f"no answer within {DEADLINE_S} s")
    try:
        answer = json.loads(done.stdout)
    except json.JSONDecodeError:
        last = done.stderr.strip().splitlines()[-1:] or ["pip-audit said nothing"]
        return Audit(failure=last[0])
    return audited(answer, judged, datetime.now(UTC).date())  # noqa: TID251  a script's own day


def verdict(lock: str, audit: Audit) -> tuple[str, list[str]]:
    """Say what a lock's audit came to: OK, SKIPPED, PARTLY SKIPPED or VULNERABLE, and the details."""
    if audit.found:
        return "VULNERABLE", [f"{lock}: {one}" for one in audit.found]
    if audit.failure or not audit.asked:
        return "SKIPPED", [
            f"{lock}: nothing was audited: {audit.failure or audit.silent[:1] or 'the lock is empty'}"
        ]
    if audit.silent:
        shown = [f"{lock}: {one}" for one in audit.silent[:MOST_SHOWN]]
        return "PARTLY SKIPPED", [f"{lock}: {len(audit.silent)} packages without an answer", *shown]
    return "OK", [f"{lock}: {audit.asked} packages, no known vulnerability"]


def main() -> int:
    """Ask about both locks; 1 if something is vulnerable, or unanswered where an answer is a must."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--must-answer", action="store_true", help="fail where a package could not be audited"
    )
    must_answer = parser.parse_args().must_answer
    judged = read_exceptions(EXCEPTIONS.read_text(encoding="utf-8"))
    words = []
    for lock in LOCKS:
        word, details = verdict(lock, ask(ROOT / lock, judged))
        words.append(word)
        print(f"pip-audit {word}", *details, sep="\n  ")
    if "VULNERABLE" in words:
        return 1
    return 1 if must_answer and set(words) != {"OK"} else 0


if __name__ == "__main__":
    sys.exit(main())
