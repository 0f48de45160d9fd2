"""What is installed is known, asked about and judged with reasons; silence is not taken for safety."""

import json
import re
import runpy
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).resolve().parents[2]
AUDIT = runpy.run_path(str(ROOT / "tools" / "audit_packages.py"))
audited, verdict, Audit, Judged = (AUDIT[name] for name in ("audited", "verdict", "Audit", "Judged"))
TODAY = date(2026, 3, 4)
VULNERABLE = {"name": "Some-Package", "version": "1.0", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-1"]}]}
SOUND = {"name": "other", "version": "2.0", "vulns": []}
SILENT = {"name": "third", "skip_reason": "Dependency not found and could not be audited: third (3.0)"}


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    made: dict[str, Any] = runpy.run_path(str(ROOT / "tools" / "sbom.py"))["bill"](ROOT)
    return made


def test_no_answer_is_never_taken_for_a_good_one() -> None:
    assert verdict("lock", audited({"dependencies": [SILENT]}, [], TODAY))[0] == "SKIPPED"
    assert verdict("lock", audited({"dependencies": []}, [], TODAY))[0] == "SKIPPED"
    assert verdict("lock", Audit(failure="no network"))[0] == "SKIPPED"
    word, details = verdict("lock", audited({"dependencies": [SOUND, SILENT]}, [], TODAY))
    assert word == "PARTLY SKIPPED"
    assert "third" in details[1]


def test_a_vulnerability_fails_until_it_is_judged_and_again_afterwards() -> None:
    answer = {"dependencies": [VULNERABLE, SOUND]}
    judged = Judged("some-package", "CVE-1", "nothing here reads that", TODAY)
    assert verdict("lock", audited(answer, [], TODAY))[0] == "VULNERABLE"
    assert verdict("lock", audited(answer, [judged], TODAY))[0] == "OK"
    assert verdict("lock", audited(answer, [judged], date(2026, 3, 5)))[0] == "VULNERABLE"
    other = Judged("some-package", "CVE-2", "nothing here reads that", TODAY)
    assert verdict("lock", audited(answer, [other], TODAY))[0] == "VULNERABLE"


def test_judgements_have_reasons() -> None:
    read = AUDIT["read_exceptions"]
    read((ROOT / "tools" / "known_vulnerabilities.toml").read_text(encoding="utf-8"))
    known = '[[known]]\npackage = "a"\nvulnerability = "b"\nreason = "{}"\nuntil = 2026-12-31\n'
    assert len(read(known.format("its reader is not used"))) == 1
    with pytest.raises(ValueError, match="expected a sentence"):
        read(known.format("fine"))
    with pytest.raises(KeyError):
        read(known.replace("until", "unti").format("its reader is not used"))


def test_what_bandit_leaves_out_has_a_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    table = text[text.index("[tool.bandit]") :].split("\n[tool", 1)[0]
    skips = tomllib.loads(text)["tool"]["bandit"]["skips"]
    reasons = dict(re.findall(r'"(B\d+)", # (.+)', table))
    assert list(reasons) == skips
    assert all(len(reason.split()) > 5 for reason in reasons.values())


def test_the_bill_of_materials_is_what_the_lock_pins(bill: dict[str, Any]) -> None:
    lock = (ROOT / "tools" / "runtime.lock").read_text(encoding="utf-8")
    pinned = sorted(re.findall(r"^([a-z0-9._-]+)==([^\s;\\]+)", lock, re.MULTILINE))
    assert sorted((one["name"], one["version"]) for one in bill["components"]) == pinned
    hashes = [reference["hashes"] for one in bill["components"] for reference in one["externalReferences"]]
    assert sum(len(one) for one in hashes) == lock.count("--hash=sha256:")
    needed = {ref for one in bill["dependencies"] for ref in one["dependsOn"]}
    assert needed == {one["bom-ref"] for one in bill["components"]}, "nobody needs it"
    licensed = [one for one in bill["components"] if one.get("licenses")]
    assert len(licensed) > 0.9 * len(bill["components"])


def test_the_bill_of_materials_is_valid_and_the_same_everywhere(bill: dict[str, Any]) -> None:
    text = json.dumps(bill)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert "timestamp" not in bill["metadata"]
    assert "serialNumber" not in bill
    assert str(ROOT) not in text
    assert not re.findall(r'"url": "https?://', text)
