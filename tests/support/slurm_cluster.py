"""A stand-in for Slurm that keeps its state in a file: as commands, and as a REST API on loopback.

Its answers have the shape of recorded ones of `squeue --json`, `scontrol show nodes --json` and slurmrestd
with the data parser v0.0.40 (Slurm 23.11); names and numbers are made up. It misbehaves on demand. Run as a
program it is squeue or scontrol.
"""

import json
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TOKEN = "made-up-token"  # noqa: S105  of a service that exists for one test
STARTED_S = 1_772_440_000


def number(value: float | None) -> dict[str, Any]:
    return {"set": value is not None, "infinite": False, "number": value or 0}


def job_record(job_id: int, partition: str, gpus: int, **changes: object) -> dict[str, Any]:
    """Return a running job as Slurm shows it."""
    record = {
        "account": "tenant-secret",
        "array_job_id": number(0),
        "array_task_id": number(None),
        "batch_flag": True,
        "batch_host": "gpu01",
        "cluster": "cluster",
        "comment": "",
        "current_working_directory": "/home/alice-secret",
        "deadline": number(0),
        "flags": ["JOB_WAS_RUNNING"],
        "group_name": "tenant-secret",
        "het_job_id": number(0),
        "hold": False,
        "job_id": job_id,
        "job_state": ["RUNNING"],
        "name": "job-secret",
        "node_count": number(max(1, gpus // 8)),
        "nodes": "gpu01",
        "partition": partition,
        "priority": number(1000 + job_id),
        "qos": "normal",
        "requeue": True,
        "restart_cnt": 0,
        "start_time": number(STARTED_S + job_id),
        "state_description": "",
        "state_reason": "None",
        "submit_time": number(STARTED_S),
        "tres_alloc_str": f"cpu={gpus * 8},mem=64G,node=1,billing=8,gres/gpu={gpus},gres/gpu:h100={gpus}",
        "tres_req_str": f"cpu={gpus * 8},mem=64G,node=1,billing=8,gres/gpu={gpus}",
        "user_id": 1001,
        "user_name": "alice-secret",
    }
    return record | changes


def node_record(name: str, partitions: list[str], gpus: int, *states: str) -> dict[str, Any]:
    """Return a node as Slurm shows it."""
    return {
        "architecture": "x86_64",
        "gres": "gpu:h100:8(S:0-1)",
        "gres_used": f"gpu:h100:{gpus}(IDX:0-{max(0, gpus - 1)})",
        "hostname": name,
        "name": name,
        "partitions": partitions,
        "reason": "",
        "reason_set_by_user": "",
        "state": list(states) or ["ALLOCATED" if gpus else "IDLE"],
    }


def array_names(record: dict[str, Any]) -> set[str]:
    """Return the names of the array that a job is a task of, and of its task in it."""
    array = record["array_job_id"]["number"]
    return {str(array), f"{array}_{record['array_task_id']['number']}"} if array else set()


def _changed(verb: str, record: dict[str, Any]) -> int:
    """Do to a job what a command says; return 1 if that is not possible."""
    needed, after, is_held = {
        "suspend": ("RUNNING", ["SUSPENDED"], False),
        "resume": ("SUSPENDED", ["RUNNING"], False),
        "requeuehold": ("RUNNING", ["PENDING"], True),
        "release": ("PENDING", ["PENDING"], False),
    }[verb]
    if needed not in record["job_state"]:
        return 1
    record["job_state"], record["hold"] = after, is_held
    record["priority"] = number(0 if is_held else 1000)
    if verb == "requeuehold":
        record["tres_alloc_str"], record["state_reason"] = "", "JobHeldUser"
    return 0


class SlurmCluster:
    """A cluster.

    Every attribute is in the file, so that commands in processes of their own see it:
    `jobs` and `nodes` by name; `refusing` and `ignoring`: jobs and nodes for which commands are refused, or
    accepted and not carried out; `garbled`: every answer is garbage; `slow_s`: every command takes as long;
    `calls`: what was commanded.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "slurm.json"
        if not self.path.exists():
            self._write(
                {
                    "jobs": {},
                    "nodes": {},
                    "refusing": [],
                    "ignoring": [],
                    "garbled": "",
                    "slow_s": 0,
                    "calls": [],
                }
            )

    def _write(self, content: dict[str, Any]) -> None:
        self.path.write_text(json.dumps(content))

    @property
    def content(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(self.path.read_text())
        return content

    def set(self, **changes: object) -> None:
        self._write(self.content | changes)

    def change(self, what: Callable[[dict[str, Any]], None]) -> None:
        content = self.content
        what(content)
        self._write(content)

    def add_job(self, job_id: int, partition: str, gpus: int, **changes: object) -> None:
        record = job_record(job_id, partition, gpus, **changes)
        self.change(lambda content: content["jobs"].update({str(job_id): record}))

    def add_node(self, name: str, partitions: list[str], gpus: int, *states: str) -> None:
        record = node_record(name, partitions, gpus, *states)
        self.change(lambda content: content["nodes"].update({name: record}))

    def update_job(self, job_id: int, **changes: object) -> None:
        self.change(lambda content: content["jobs"][str(job_id)].update(changes))

    def update_node(self, name: str, **changes: object) -> None:
        self.change(lambda content: content["nodes"][name].update(changes))

    def end_job(self, job_id: int) -> None:
        self.update_job(job_id, job_state=["COMPLETED"])

    def state(self, job_id: int) -> list[str]:
        states: list[str] = self.content["jobs"][str(job_id)]["job_state"]
        return states

    def calls(self) -> list[list[str]]:
        calls: list[list[str]] = self.content["calls"]
        return calls

    def listing(self, what: str) -> str:
        content = self.content
        if content["garbled"] == what:
            return "slurm_load_jobs error: Unable to contact slurm controller"
        head = {"plugin": {"type": "openapi/slurmctld", "data_parser": "data_parser/v0.0.40"}}
        return json.dumps({what: list(content[what].values()), "meta": head, "errors": [], "warnings": []})

    def commanded(self, verb: str, target: str, reason: str = "") -> int:
        """Carry out a command; return its exit code."""
        content = self.content
        content["calls"].append([verb, target])
        self._write(content)
        if target in content["refusing"]:
            return 1
        if target in content["ignoring"]:
            return 0
        if verb in {"drain", "undrain", "resume"} and target in content["nodes"]:
            record = content["nodes"][target]
            states = [state for state in record["state"] if state != "DRAIN"]
            if verb == "resume":  # which also takes a node that is down for repaired
                states = ["IDLE" if state == "DOWN" else state for state in states]
            record["state"] = [*states, "DRAIN"] if verb == "drain" else states
            record["reason"] = reason
        else:
            # The number of an array stands for all of its tasks.
            named = [
                record
                for record in content["jobs"].values()
                if target in {str(record["job_id"]), *array_names(record)}
            ]
            if not named or any(_changed(verb, record) for record in named):
                return 1
        self._write(content)
        return 0

    def programs(self, folder: Path) -> dict[str, list[str]]:
        """Write squeue and scontrol; return how a site names them."""
        commands = {}
        for name in ("squeue", "scontrol"):
            path = folder / name
            path.write_text(
                f'#!/bin/sh\nexec "{sys.executable}" -S -I "{__file__}" "{self.path.parent}" {name} "$@"\n'
            )
            path.chmod(0o755)
            commands[name] = [str(path)]
        return commands

    @contextmanager
    def serving(self, version: str = "v0.0.40") -> Iterator[str]:
        """Serve as slurmrestd on a free port of loopback; yields the address."""
        import threading  # noqa: PLC0415  the commands need none of these, and start often
        from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer  # noqa: PLC0415

        cluster = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self._answer("")

            def do_POST(self) -> None:
                self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def _answer(self, body: str) -> None:
                token = self.headers.get("X-SLURM-USER-TOKEN")
                code, content = cluster.answered(self.path, version, token, body)
                self.send_response(code)
                self.send_header("Content-Length", str(len(content.encode())))
                self.end_headers()
                self.wfile.write(content.encode())

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}"
            finally:
                server.shutdown()
                thread.join()

    def answered(self, path: str, version: str, token: str | None, body: str) -> tuple[int, str]:
        """Answer a request as slurmrestd does; without a body it is a GET."""
        select.select([], [], [], self.content["slow_s"])
        base = f"/slurm/{version}/"
        if token != TOKEN:
            return 401, "Authentication failure"
        if not path.startswith(base):
            return 404, "Unable to find requested URL"
        kind, *rest = path.removeprefix(base).strip("/").split("/")
        if not body:
            return 200, self.listing(kind)
        wish = json.loads(body)
        if kind == "node":
            (verb,) = (state.lower() for state in wish["state"])
        else:
            assert wish == {"hold": False}
            verb = "release"
        code = self.commanded(verb, rest[0], wish.get("reason", ""))
        # What slurmctld refuses is told in the body; by version the status is 500 or 200.
        errors = [{"error_number": 2021, "error": "not possible for job-secret"}] if code else []
        return 200, json.dumps({"errors": errors, "warnings": []})


def main(folder: str, program: str, arguments: list[str]) -> int:
    """Be squeue or scontrol."""
    cluster = SlurmCluster(Path(folder))
    select.select([], [], [], cluster.content["slow_s"])
    if program == "squeue":
        assert arguments == ["--states=all", "--json"]
        sys.stdout.write(cluster.listing("jobs"))
        return 0
    verb, *rest = arguments
    if verb == "show":
        assert rest == ["nodes", "--json"]
        sys.stdout.write(cluster.listing("nodes"))
        return 0
    if verb == "update":
        given = dict(argument.split("=", 1) for argument in rest)
        verb = given["State"].lower()
        code = cluster.commanded(verb, given["NodeName"], given.get("Reason", ""))
    else:
        code = cluster.commanded(verb, rest[0])
    if code:
        sys.stderr.write("scontrol: error: job-secret of alice-secret: not possible\n")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
