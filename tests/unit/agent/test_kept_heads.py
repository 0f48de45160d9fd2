"""A site keeps what it is told of the hub's record, and says when that became shorter or another."""

import json
from pathlib import Path

import pytest

from vpp.agent.kept_heads import KeptHeads
from vpp.v1 import audit_pb2


def head(count: int, digest: str) -> audit_pb2.AuditHead:
    return audit_pb2.AuditHead(chain="parties/acme", entry_count=count, entry_hash=digest * 64)


def test_a_head_that_may_go_on_is_kept_once(tmp_path: Path) -> None:
    heads = KeptHeads(tmp_path / "heads.jsonl")
    told = [heads.take(one) for one in (head(3, "a"), head(3, "a"), audit_pb2.AuditHead(), head(5, "b"))]
    assert told == ["", "", "", ""]
    lines = [json.loads(line) for line in heads.file.read_text().splitlines()]
    assert [(line["sequence"], line["chain"]) for line in lines] == [(3, "parties/acme"), (5, "parties/acme")]


@pytest.mark.parametrize(
    ("later", "words"), [(head(4, "c"), "cut off"), (head(5, "c"), "written anew"), (head(9, "c"), "")]
)
def test_what_does_not_go_on_is_told_after_a_restart_too(
    tmp_path: Path, later: audit_pb2.AuditHead, words: str
) -> None:
    KeptHeads(tmp_path / "heads.jsonl").take(head(5, "b"))
    fault = KeptHeads(tmp_path / "heads.jsonl").take(later)
    assert words in fault
    assert bool(fault) == bool(words)


def test_a_head_that_was_wrong_does_not_take_the_place_of_the_right_one(tmp_path: Path) -> None:
    heads = KeptHeads(tmp_path / "heads.jsonl")
    heads.take(head(5, "b"))
    assert "cut off" in heads.take(head(2, "c"))
    assert "cut off" in heads.take(head(4, "d"))
    assert "cut off" in KeptHeads(tmp_path / "heads.jsonl").take(head(4, "d"))  # after a restart as well


def test_a_line_that_is_broken_is_passed_over(tmp_path: Path) -> None:
    file = tmp_path / "heads.jsonl"
    file.write_text('{"sequence": 5, "entry_hash": "b"}\nhalf a li')
    assert "cut off" in KeptHeads(file).take(head(4, "c"))
    assert json.loads(file.read_text().splitlines()[-1])["sequence"] == 4
