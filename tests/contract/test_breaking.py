"""The wire only grows: buf compares it with the last release, and would notice a removal."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def image_of(proto: Path, folder: Path) -> Path:
    generator = [sys.executable, "tools/generate_protos.py"]
    places = ["--proto", str(proto), "--package", str(folder / "v1"), "--image", str(folder / "image.binpb")]
    subprocess.run([*generator, *places], cwd=ROOT, check=True)
    return folder / "image.binpb"


def breaking(new: Path, old: Path) -> subprocess.CompletedProcess[str]:
    buf = str(Path(sys.executable).parent / "buf")
    command = [buf, "breaking", str(new), "--against", str(old), "--path", "vpp", "--config", "buf.yaml"]
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)


def test_a_removed_field_is_noticed(tmp_path: Path) -> None:
    changed = tmp_path / "proto"
    shutil.copytree(ROOT / "proto", changed)
    file = changed / "vpp" / "v1" / "telemetry.proto"
    text = file.read_text()
    assert "int64 held_sequence = 2;" in text
    file.write_text(text.replace("int64 held_sequence = 2;", ""))
    verdict = breaking(image_of(changed, tmp_path / "new"), image_of(ROOT / "proto", tmp_path / "old"))
    assert verdict.returncode != 0
    assert "held_sequence" in verdict.stdout


def test_nothing_of_the_last_release_is_broken(tmp_path: Path) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("git is not installed, so the last release cannot be read")
    described = subprocess.run(
        [git, "describe", "--tags", "--abbrev=0"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    if described.returncode:
        pytest.skip("there is no release yet to compare with")
    archive = subprocess.run(
        [git, "archive", described.stdout.strip(), "proto"], cwd=ROOT, check=True, capture_output=True
    )
    subprocess.run(["/bin/tar", "-x", "-C", str(tmp_path)], input=archive.stdout, check=True)
    verdict = breaking(
        image_of(ROOT / "proto", tmp_path / "new"), image_of(tmp_path / "proto", tmp_path / "old")
    )
    assert (verdict.returncode, verdict.stdout) == (0, "")
