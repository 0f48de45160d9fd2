"""How Slurm is asked and told: by its REST API, or by the site's own commands.

    what                   REST                                   commands
    jobs                   GET  /slurm/{version}/jobs/            squeue --states=all --json
    nodes                  GET  /slurm/{version}/nodes/           scontrol show nodes --json
    drain, undrain a node  POST /slurm/{version}/node/{name}      scontrol update NodeName=... State=...
    release a held job     POST /slurm/{version}/job/{id}         scontrol release
    suspend, resume        none                                   scontrol suspend, scontrol resume
    requeue and hold       none                                   scontrol requeuehold

What REST has no way for is done by `scontrol` in both cases.

Source: Slurm's REST API, `openapi/slurmctld`; manual pages of squeue and scontrol.
"""

import json
import logging
from collections.abc import Generator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import httpx

from vpp.agent.drivers.http_peer import FIRST_ERROR, asked, got
from vpp.agent.drivers.site_program import run_program
from vpp.agent.drivers.slurm_records import SlurmJob, SlurmNode, check_errors, jobs_of, nodes_of
from vpp.foundation.device_terms import DeviceError

ARRAY_TASK = "_"
"""Stands between the number of an array and that of its task."""
LONGEST_LISTING = 200_000_000
"""Bytes of a listing that are read: ten thousand jobs and more, of some kilobytes each."""
log = logging.getLogger(__name__)


class SlurmController(Protocol):
    """What the driver needs of Slurm. A command returns whether Slurm carried it out.

    Jobs are named as `SlurmJob.target` says. All of them raise `DeviceError` where Slurm does not answer.
    """

    def jobs(self) -> Sequence[SlurmJob]:
        """Return all jobs that Slurm knows."""
        ...

    def nodes(self) -> Sequence[SlurmNode]:
        """Return all nodes."""
        ...

    def suspend(self, job: str) -> bool:
        """Stop a running job where it is; it keeps its GPUs and memory."""
        ...

    def resume(self, job: str) -> bool:
        """Let a suspended job go on."""
        ...

    def requeue(self, job: str) -> bool:
        """Put a running job back into the queue, and hold it there."""
        ...

    def release(self, job: str) -> bool:
        """Let a held job start again."""
        ...

    def drain(self, node: str, reason: str) -> bool:
        """Let no further job start on a node."""
        ...

    def undrain(self, node: str) -> bool:
        """Let jobs start on a node again; one that is down stays down, which `RESUME` would undo."""
        ...

    def close(self) -> None:
        """Let connections go."""
        ...


class CommandController:
    """Slurm behind the site's own commands."""

    def __init__(
        self,
        squeue: Sequence[str],
        scontrol: Sequence[str],
        *,
        folder: Path,
        timeout: timedelta,
        whose: str,
    ) -> None:
        """Take the commands with the arguments that they always get; none is run yet."""
        self._squeue = squeue
        self._scontrol = scontrol
        self._folder = folder
        self._timeout = timeout
        self._whose = whose

    def jobs(self) -> Sequence[SlurmJob]:
        """Run `squeue`, for jobs that have just ended as well: by default it leaves those out."""
        return jobs_of(self._listing((*self._squeue, "--states=all", "--json")))

    def nodes(self) -> Sequence[SlurmNode]:
        """Run `scontrol show nodes`."""
        return nodes_of(self._listing((*self._scontrol, "show", "nodes", "--json")))

    def suspend(self, job: str) -> bool:
        """Run `scontrol suspend`."""
        return self._done("suspend", job)

    def resume(self, job: str) -> bool:
        """Run `scontrol resume`."""
        return self._done("resume", job)

    def requeue(self, job: str) -> bool:
        """Run `scontrol requeuehold`."""
        return self._done("requeuehold", job)

    def release(self, job: str) -> bool:
        """Run `scontrol release`."""
        return self._done("release", job)

    def drain(self, node: str, reason: str) -> bool:
        """Run `scontrol update` on a node."""
        return self._done("update", f"NodeName={node}", "State=DRAIN", f"Reason={reason}")

    def undrain(self, node: str) -> bool:
        """Run `scontrol update` on a node."""
        return self._done("update", f"NodeName={node}", "State=UNDRAIN")

    def close(self) -> None:
        """Nothing is open."""

    def _done(self, *arguments: str) -> bool:
        code, _ = self._run((*self._scontrol, *arguments))
        if code != 0:
            log.warning("%s: scontrol %s ended with %d", self._whose, " ".join(arguments), code)
        return code == 0

    def _listing(self, command: Sequence[str]) -> Mapping[str, Any]:
        code, answer = self._run(command)
        if code != 0:
            raise DeviceError(f"the listing program ended with {code}")
        try:
            content = json.loads(answer)
        except (ValueError, RecursionError) as error:
            raise DeviceError("the listing program answers something that is not JSON") from error
        if not isinstance(content, dict):
            raise DeviceError("the listing program answers JSON that is no object")
        return content

    def _run(self, command: Sequence[str]) -> tuple[int, str]:
        return run_program(
            command,
            None,
            folder=self._folder,
            timeout=self._timeout,
            whose=self._whose,
            longest=LONGEST_LISTING,
        )


class TokenFile(httpx.Auth):
    """Signs requests by the token in a file, read anew for each: tokens run out, and the site renews them."""

    def __init__(self, path: Path, user: str) -> None:
        """Take the file, which holds the token as `scontrol token` prints it or bare, and its user's name."""
        self._path = path
        self._user = user

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response]:
        """Add the token to a request.

        Raises:
            DeviceError: The file cannot be read, or is empty.
        """
        try:
            token = self._path.read_text(encoding="utf-8").strip().removeprefix("SLURM_JWT=")
        except (OSError, UnicodeDecodeError) as error:
            raise DeviceError("the token's file cannot be read") from error
        if not token or not token.isascii() or not token.isprintable():
            raise DeviceError("the token's file holds no token")
        request.headers["X-SLURM-USER-NAME"] = self._user
        request.headers["X-SLURM-USER-TOKEN"] = token
        yield request


class RestController:
    """Slurm behind its REST API; what that has no way for is left to commands."""

    def __init__(self, client: httpx.Client, version: str, commands: CommandController | None) -> None:
        """Take a client that signs its requests.

        Args:
            client: Its base is where the API begins.
            version: Of the API, such as `v0.0.41`.
            commands: For what REST cannot do; None where nothing of that is wanted.
        """
        self._client = client
        self._base = f"/slurm/{version}"
        self._commands = commands

    def jobs(self) -> Sequence[SlurmJob]:
        """Ask for the jobs."""
        return jobs_of(got(self._client, f"{self._base}/jobs/", longest=LONGEST_LISTING))

    def nodes(self) -> Sequence[SlurmNode]:
        """Ask for the nodes."""
        return nodes_of(got(self._client, f"{self._base}/nodes/", longest=LONGEST_LISTING))

    def suspend(self, job: str) -> bool:
        """Leave it to the command."""
        return self._commands is not None and self._commands.suspend(job)

    def resume(self, job: str) -> bool:
        """Leave it to the command."""
        return self._commands is not None and self._commands.resume(job)

    def requeue(self, job: str) -> bool:
        """Leave it to the command."""
        return self._commands is not None and self._commands.requeue(job)

    def release(self, job: str) -> bool:
        """Take the hold off; the API would take an array's task for the whole array."""
        if ARRAY_TASK in job:
            return self._commands is not None and self._commands.release(job)
        return self._done(f"job/{job}", {"hold": False})

    def drain(self, node: str, reason: str) -> bool:
        """Set the node's state."""
        return self._done(f"node/{node}", {"state": ["DRAIN"], "reason": reason})

    def undrain(self, node: str) -> bool:
        """Set the node's state."""
        return self._done(f"node/{node}", {"state": ["UNDRAIN"]})

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _done(self, path: str, body: Mapping[str, object]) -> bool:
        response = asked(self._client, "POST", f"{self._base}/{path}", body)
        if response.status_code >= FIRST_ERROR:
            log.warning("slurmrestd answers %d to %s: %s", response.status_code, path, response.text[:2000])
            return False
        try:
            content = response.json()
        except (ValueError, RecursionError) as error:
            raise DeviceError("answers a command with something that is not JSON") from error
        try:
            check_errors(content)
        except (DeviceError, AttributeError, TypeError):
            log.warning("slurmrestd refuses %s: %s", path, response.text[:2000])
            return False
        return True
