"""The exec driver against real programs."""

import json
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from support.driver_place import place_for

from vpp.agent.drivers.exec import ExecDevice, device_of
from vpp.foundation.device_terms import DeviceError, Health, Outcome, Setpoint
from vpp.foundation.errors import InvalidInput

PROGRAM = """
import json, pathlib, sys, time
order = json.load(sys.stdin)
state = pathlib.Path("state.json")
if sys.argv[1] == "read":
    kept = json.loads(state.read_text()) if state.exists() else {"reduction_kw": 0.0}
    print(json.dumps({"quantities": {"reduction_kw": kept["reduction_kw"], "stored_ratio": 0.5}}))
elif sys.argv[1] == "apply":
    if order["reduction_kw"] > 100.0:
        print("beyond the plant", file=sys.stderr)
        sys.exit(3)
    state.write_text(json.dumps(order))
elif sys.argv[1] == "release":
    state.unlink(missing_ok=True)
    print(json.dumps({"outcome": "pending", "detail": "ramping back"}))
elif sys.argv[1] == "sleep":
    time.sleep(60)
elif sys.argv[1] == "leave_behind":  # ends, and leaves something that acts later
    import subprocess
    late = "import pathlib, time; time.sleep(1.5); pathlib.Path('late').write_text('')"
    subprocess.Popen([sys.executable, "-c", late])
elif sys.argv[1] == "endless":
    while True:
        sys.stdout.write("x" * 65536)
elif sys.argv[1] == "drip":
    while True:
        print("x", flush=True)
        time.sleep(0.05)
elif sys.argv[1] == "words":
    print("{\\"quantities\\": {\\"reduction_kw\\": \\"5\\"}}")
elif sys.argv[1] == "babble":
    print("{\\"quantities\\": {\\"reduction_kw\\": NaN}}")
"""


def device(tmp_path: Path, **changes: object) -> ExecDevice:
    (tmp_path / "plant.py").write_text(PROGRAM)

    def run(verb: str) -> list[str]:
        return [sys.executable, "plant.py", verb]

    table: dict[str, object] = {
        "read": run("read"),
        "apply": run("apply"),
        "release": run("release"),
        "lets_go_itself": True,
    }
    return device_of(table | changes, place_for(tmp_path, kind="deferrable_load"))


def program(verb: str) -> list[str]:
    return [sys.executable, "plant.py", verb]


def test_a_program_reads_commands_and_gives_back(tmp_path: Path) -> None:
    plant = device(tmp_path)
    assert plant.health().health is Health.LOST
    assert plant.read().quantities == {"reduction_kw": 0.0, "stored_ratio": 0.5}
    assert plant.apply(Setpoint(40.0)).outcome is Outcome.PENDING, "it has confirmed nothing"
    assert json.loads((tmp_path / "state.json").read_text())["recovery_limit_kw"] is None
    assert plant.read().quantities["reduction_kw"] == 40.0
    assert plant.health().health is Health.OK
    released = plant.release()
    assert (released.outcome, released.detail) == (Outcome.PENDING, "ramping back")
    assert plant.read().quantities["reduction_kw"] == 0.0


def test_a_command_that_the_program_refuses_has_failed_and_its_words_stay_at_the_site(tmp_path: Path) -> None:
    applied = device(tmp_path).apply(Setpoint(140.0))
    assert (applied.outcome, applied.detail) == (Outcome.FAILED, "the program ended with 3")
    assert not (tmp_path / "state.json").exists()


def test_a_program_that_hangs_is_killed_and_nothing_is_taken_for_done(tmp_path: Path) -> None:
    plant = device(tmp_path, apply=program("sleep"), timeout=timedelta(milliseconds=300))
    with pytest.raises(DeviceError, match="did not end within"):
        plant.apply(Setpoint(10.0))


def test_what_a_killed_program_has_started_does_nothing_later(tmp_path: Path) -> None:
    plant = device(tmp_path, apply=program("leave_behind"), timeout=timedelta(seconds=1))
    with pytest.raises(DeviceError, match="did not end within"):
        plant.apply(Setpoint(10.0))  # its answer ends only when the last of them has let go of it
    assert not threading.Event().wait(1.5)
    assert not (tmp_path / "late").exists()


def test_a_meter_behind_programs_has_nothing_to_give_back(tmp_path: Path) -> None:
    (tmp_path / "plant.py").write_text(PROGRAM)
    meter = device_of({"read": program("read")}, place_for(tmp_path, kind="meter"))
    assert meter.release().outcome is Outcome.UNCHANGED
    assert meter.apply(Setpoint(10.0)).outcome is Outcome.FAILED


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (["babble"], "no answer"),
        (["silence"], "no answer"),
        (["words"], "no answer"),
        (["endless"], "too long"),
        (["drip"], "did not end within"),
    ],
)
def test_nonsense_is_no_reading(tmp_path: Path, read: list[str], said: str) -> None:
    plant = device(tmp_path, read=program(*read), timeout=timedelta(seconds=0.5 if read == ["drip"] else 5.0))
    with pytest.raises(DeviceError, match=said):
        plant.read()
    assert plant.health().health is Health.LOST


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot be started"):
        device(tmp_path, read=["no-such-program-anywhere"]).read()
    with pytest.raises(InvalidInput, match=r"read: .*missing\.sh is no file"):
        device(tmp_path, read=["./missing.sh"])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lets_go_itself": False}, "lets_go_itself = true"),
        ({"release": None}, "apply and release go together"),
        ({"apply": None, "release": None}, "apply is missing"),
        ({"read": []}, r"read is \[\]"),
        ({"colour": 1}, "colour is 1"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(
    tmp_path: Path, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        device(tmp_path, **changes)
