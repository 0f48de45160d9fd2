"""An operator's call can be followed through hub and agent, and costs nothing where nobody looks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from vpp.foundation.errors import InvalidInput
from vpp.foundation.tracing import follow_traces, span, trace_parent

SUPPORT = Path(__file__).resolve().parents[2]
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.timeout(240)  # a cold import of everything on two busy cores
def test_a_call_is_one_trace_from_operator_to_agent(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", str(SUPPORT / "support" / "traced_call.py"), str(tmp_path)],
        env={"PYTHONPATH": str(SUPPORT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    spans = [one for one in found["spans"] if one["trace"] == found["trace"]]
    by_name = {one["name"]: one for one in spans}
    assert {one["service"] for one in spans} == {"vpp-test"}
    call = by_name["vpp.v1.AuctionService/CreateAuction"]
    assert call["parent"] == by_name["operator"]["id"]
    # What the call committed, what was on its way, and what the agent did are parts of the call.
    for name in ("commit", "deliver/invitation", "agent.apply"):
        assert by_name[name]["parent"] == call["id"], name


def test_without_a_collector_nothing_is_recorded_and_contexts_are_handed_on() -> None:
    follow_traces("vpp-test", None)()
    assert trace_parent() == ""
    with span("own"):
        assert trace_parent() == ""
    with span("theirs", PARENT):
        assert trace_parent() == PARENT
        with span("inside"):
            assert trace_parent() == PARENT
    assert trace_parent() == ""


@pytest.mark.parametrize("parent", ["", "nonsense", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"])
def test_a_malformed_context_is_none(parent: str) -> None:
    with span("x", parent):
        assert trace_parent() == ""


def test_without_the_extra_it_is_said_what_to_install() -> None:
    program = (
        "import sys; sys.modules['opentelemetry.sdk'] = None\n"
        "from vpp.foundation.tracing import follow_traces\n"
        "try: follow_traces('vpp', 'http://127.0.0.1:1')\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.startswith(f"{InvalidInput.__name__} traces to http://127.0.0.1:1 need the extra")
