"""A cluster that Slurm manages: jobs are suspended, requeued and held, nodes drained, power capped.

    suspend    a running job stops where it is and keeps its GPUs     saves (1 - idle) of its power
    requeue    a running job goes back into the queue, held           the same, while nobody takes its boards
    drain      nodes in use take no further job                       the same, once their jobs have ended
    cap        the site's own program caps a group                    what is measured (`slurm_caps`)

Power of a job is that of its boards, from the settings, or less where the site measures less. Which jobs
are chosen, and what counts, is said in `work_choice` and `pausing_device`. What is done is remembered
before it is done. Jobs of several parts, jobs that start or end, and jobs that somebody else suspended or
held are left alone, as are nodes that somebody else drained.

Neither Slurm nor its nodes let go by themselves: the site names a program that sees to it (`watchdog`), or
accepts that a dead machine leaves jobs paused.

Source: Slurm's REST API and manual pages (see `slurm_controller`).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from vpp.agent.device_place import DevicePlace
from vpp.agent.drivers import slurm_caps
from vpp.agent.drivers.http_peer import client_of
from vpp.agent.drivers.paused_works import PausedWork, SeenWork, WorkState
from vpp.agent.drivers.pausing_device import PausingDevice, WorkGroup
from vpp.agent.drivers.site_program import Command, check_programs, run_program
from vpp.agent.drivers.slurm_controller import CommandController, RestController, SlurmController, TokenFile
from vpp.agent.drivers.slurm_records import USELESS, SlurmJob, SlurmNode
from vpp.agent.drivers.slurm_settings import SlurmGroupTable, SlurmTable
from vpp.agent.drivers.table import read_secret, read_table
from vpp.foundation.device_terms import DeviceError
from vpp.foundation.errors import InvalidInput

KINDS = ("deferrable_load", "job_groups")
JOB, NODE = "job/", "node/"


class SlurmWorks:
    """The jobs, nodes and caps of a Slurm cluster (`WorkSource`)."""

    def __init__(self, table: SlurmTable, place: DevicePlace, controller: SlurmController) -> None:
        """Take how Slurm is reached; nothing is asked yet."""
        self._table = table
        self._place = place
        self._controller = controller
        self._actions: dict[str, str] = {}
        self._targets: dict[str, str] = {}
        self._steps: dict[str, set[str]] = {}
        self._taken_off: set[str] = set()

    def works(self, paused: Mapping[str, PausedWork]) -> Mapping[str, SeenWork]:
        """List running jobs, and nodes and caps where groups use them.

        Raises:
            DeviceError: Slurm or a program of the site does not answer, or answers nonsense.
        """
        jobs = self._controller.jobs()
        self._actions, self._targets = {}, {}
        seen = self._jobs_seen(jobs, paused)
        capped: dict[str, SeenWork] = {}
        for name, group in self._table.groups.items():
            if group.power is not None:
                capped |= self._measured(name, group, seen, paused)
        set_steps = {key for key in capped if key in paused} - self._taken_off
        for key, record in paused.items():
            if key.startswith(slurm_caps.PREFIX) and key not in capped:
                # Its group is gone from the settings: it stays on, and a release says so.
                capped[key] = SeenWork(key, record.group, WorkState.PAUSED, can_pause=False, is_load=False)
        self._steps = {
            name: {key for key in set_steps if key.startswith(slurm_caps.step_prefix(name))}
            for name, group in self._table.groups.items()
            if group.cap is not None
        }
        nodes: dict[str, SeenWork] = {}
        if any(group.watches_nodes for group in self._table.groups.values()) or any(
            key.startswith(NODE) for key in paused
        ):
            nodes = self._nodes_seen(self._controller.nodes(), paused)
        return {**seen, **capped, **nodes}

    def _jobs_seen(self, jobs: Sequence[SlurmJob], paused: Mapping[str, PausedWork]) -> dict[str, SeenWork]:
        seen: dict[str, SeenWork] = {}
        for job in jobs:
            key = f"{JOB}{job.job_id}"
            record = paused.get(key)
            if record is not None and (job.is_over or not _is_same(job, record)):
                what = WorkState.OVER if job.is_over else WorkState.TAKEN
                seen[key] = SeenWork(key, record.group, what, can_pause=False)
                continue
            name = self._group_of(job) if record is None else record.group
            state = _state_of(job, record)
            if state is None or name is None:
                continue
            action = (
                self._table.groups[name].action if record is None else str(record.facts.get("action", ""))
            )
            self._actions[key], self._targets[key] = action, job.target
            seen[key] = self._job_seen(key, name, job, state, action)
        return seen

    def _job_seen(self, key: str, name: str, job: SlurmJob, state: WorkState, action: str) -> SeenWork:
        group = self._table.groups.get(name)
        if group is None:  # its group is gone from the settings: it is resumed, and counts for nothing
            return SeenWork(key, name, state, can_pause=False)
        boards = job.gpus if group.kw_per_gpu is not None else job.nodes
        kw = boards * group.kw_per_board
        is_plain = job.states == {"RUNNING"} and not job.is_heterogeneous
        can_requeue = job.is_batch and job.can_requeue
        return SeenWork(
            key,
            name,
            state,
            kw=kw,
            saved_kw=kw * (1.0 - group.idle_power_ratio),
            boards=boards,
            # Work that began last has least to lose by beginning anew.
            priority=-job.started_s if action == "requeue" else job.priority,
            can_pause=is_plain and (action == "suspend" or (action == "requeue" and can_requeue)),
            facts={"action": action, "owner": job.owner, "submitted_s": job.submitted_s},
        )

    def _group_of(self, job: SlurmJob) -> str | None:
        for name, group in self._table.groups.items():
            if job.partition in group.partitions and (not group.qos or job.qos in group.qos):
                return name
        return None

    def _measured(
        self,
        name: str,
        group: SlurmGroupTable,
        seen: dict[str, SeenWork],
        paused: Mapping[str, PausedWork],
    ) -> dict[str, SeenWork]:
        """Let measured power take the place of the settings' where it is less; return a cap's steps."""
        if group.power is None:
            return {}
        power_kw = slurm_caps.power_kw_of(self._answer(group.power))
        running = [
            key for key, work in seen.items() if work.group == name and work.state is WorkState.RUNNING
        ]
        boards = sum(seen[key].boards for key in running)
        now = slurm_caps.MeasuredGroup(name, power_kw, boards)
        per_board_kw = min(group.kw_per_board, power_kw / boards) if boards > 0.0 else group.kw_per_board
        for key in running:
            work = seen[key]
            kw = work.boards * per_board_kw
            seen[key] = replace(work, kw=kw, saved_kw=kw * (1.0 - group.idle_power_ratio))
        if group.cap is None:
            return {}
        return slurm_caps.steps_of(group, now, paused, self._taken_off)

    def _nodes_seen(
        self, nodes: Sequence[SlurmNode], paused: Mapping[str, PausedWork]
    ) -> dict[str, SeenWork]:
        seen: dict[str, SeenWork] = {}
        for node in nodes:
            key = f"{NODE}{node.name}"
            record = paused.get(key)
            work = self._node_seen(key, node) if record is None else self._our_node(key, node, record)
            if work is not None:
                seen[key] = work
        return seen

    def _our_node(self, key: str, node: SlurmNode, record: PausedWork) -> SeenWork:
        if not node.is_drained:
            state = WorkState.RUNNING
        elif node.reason.strip() != self._table.drain_reason:
            state = WorkState.TAKEN
        elif node.is_busy and not record.is_companion:
            state = WorkState.LEAVING
        else:
            state = WorkState.PAUSED
        return SeenWork(
            key,
            record.group,
            state,
            saved_kw=record.saved_kw,
            boards=record.boards,
            is_companion=record.is_companion,
            is_load=False,
        )

    def _node_seen(self, key: str, node: SlurmNode) -> SeenWork | None:
        if node.is_drained or node.states & USELESS:
            return None
        for name, group in self._table.groups.items():
            if not group.watches_nodes or not node.partitions & set(group.partitions):
                continue
            if group.no_new_starts or not node.is_busy:
                return SeenWork(key, name, WorkState.RUNNING, is_companion=True, is_load=False)
            boards = node.used_gpus if group.kw_per_gpu is not None else 1.0
            kw = boards * group.kw_per_board
            saved_kw = kw * (1.0 - group.idle_power_ratio)
            return SeenWork(
                key, name, WorkState.RUNNING, kw=kw, saved_kw=saved_kw, boards=boards, is_load=False
            )
        return None

    def pause(self, keys: Sequence[str]) -> Collection[str]:
        """Suspend, requeue, drain and cap.

        Raises:
            DeviceError: Slurm or a program does not answer.
        """
        refused = {key for key in keys if not key.startswith(slurm_caps.PREFIX) and not self._is_paused(key)}
        return refused | self._cap(keys, is_on=True)

    def _is_paused(self, key: str) -> bool:
        if key.startswith(NODE):
            return self._controller.drain(key.removeprefix(NODE), self._table.drain_reason)
        if self._actions[key] == "requeue":
            return self._controller.requeue(self._targets[key])
        return self._controller.suspend(self._targets[key])

    def resume(self, keys: Sequence[str]) -> Collection[str]:
        """Resume, release, let jobs start, and take caps off.

        Raises:
            DeviceError: Slurm or a program does not answer.
        """
        refused = {key for key in keys if not key.startswith(slurm_caps.PREFIX) and not self._is_resumed(key)}
        return refused | self._cap(keys, is_on=False)

    def _is_resumed(self, key: str) -> bool:
        if key.startswith(NODE):
            return self._controller.undrain(key.removeprefix(NODE))
        if self._actions[key] == "requeue":
            return self._controller.release(self._targets[key])
        return self._controller.resume(self._targets[key])

    def _cap(self, keys: Sequence[str], *, is_on: bool) -> set[str]:
        """Set the caps of the groups whose steps are named; return the steps that were refused."""
        refused: set[str] = set()
        steps = [key for key in keys if key.startswith(slurm_caps.PREFIX)]
        for name in sorted({slurm_caps.group_of(key) for key in steps}):
            mine = {key for key in steps if slurm_caps.group_of(key) == name}
            group = self._table.groups.get(name)
            if group is None or group.cap is None:
                refused |= mine
                continue
            held = self._steps.setdefault(name, set())
            wanted = held | mine if is_on else held - mine
            if self._is_capped(name, group.cap, wanted):
                self._steps[name] = wanted
                self._taken_off = self._taken_off - mine if is_on else self._taken_off | mine
            else:
                refused |= mine
        return refused

    def _is_capped(self, name: str, program: Command, steps: Collection[str]) -> bool:
        hold_s = self._place.command_hold.total_seconds()
        order = slurm_caps.cap_order(name, self._table.groups[name], steps, hold_s)
        return self._run(program, order)[0] == 0

    def guard(self, keys: Collection[str], hold: timedelta) -> bool:
        """Repeat standing caps, and tell the site's watchdog, if there is one, what is to go on after a time.

        Raises:
            DeviceError: A program does not end in time.
        """
        for name, held in self._steps.items():
            group = self._table.groups[name]
            asked = {key for key in keys if key.startswith(slurm_caps.step_prefix(name))}
            if (
                group.cap is not None
                and held
                and asked == held
                and not self._is_capped(name, group.cap, held)
            ):
                return False
        if self._table.watchdog is None:
            return True
        order = {
            "hold_s": hold.total_seconds(),
            "jobs": sorted(self._targets[key] for key in keys if key in self._targets),
            "nodes": sorted(key.removeprefix(NODE) for key in keys if key.startswith(NODE)),
        }
        return self._run(self._table.watchdog, order)[0] == 0

    def close(self) -> None:
        """Let connections go."""
        self._controller.close()

    def _answer(self, command: Command) -> str:
        code, answer = self._run(command, {})
        if code != 0:
            raise DeviceError(f"the power program ended with {code}")
        return answer

    def _run(self, command: Command, order: Mapping[str, object]) -> tuple[int, str]:
        return run_program(
            command,
            order,
            folder=self._place.folder,
            timeout=self._table.timeout,
            whose=self._place.resource_id,
        )


def _is_same(job: SlurmJob, record: PausedWork) -> bool:
    """Return whether a job is the one that was paused: numbers begin anew where Slurm's state was cleared."""
    owner, submitted_s = record.facts.get("owner"), record.facts.get("submitted_s")
    if owner and job.owner and owner != job.owner:
        return False
    # A requeue is a new entry into the queue, by Slurm's own account.
    is_requeued = record.facts.get("action") == "requeue"
    return is_requeued or not submitted_s or not job.submitted_s or submitted_s == job.submitted_s


def _state_of(job: SlurmJob, record: PausedWork | None) -> WorkState | None:
    """Return what a job does; None for one that is over, waits, or was paused by somebody else."""
    if job.is_over or (record is None and "RUNNING" not in job.states):
        return None
    if "RUNNING" in job.states:
        return WorkState.RUNNING
    if "COMPLETING" in job.states:
        return WorkState.LEAVING
    is_still = "SUSPENDED" in job.states or ("PENDING" in job.states and job.is_held)
    return WorkState.PAUSED if is_still else WorkState.TAKEN


def device_of(table: Mapping[str, object], place: DevicePlace) -> PausingDevice:
    """Build the device that a table describes.

    Raises:
        InvalidInput: A key is unknown, missing or wrong, or a file or program named by its path is not there.
    """
    settings = read_table(SlurmTable, table, place.where)
    if place.kind not in KINDS:
        raise InvalidInput(
            f"{place.where}: slurm drives a resource of kind {' or '.join(KINDS)}, not {place.kind!r}"
        )
    _check_files(settings, place)
    groups = {
        name: WorkGroup(
            group.flexibility_ratio, float("inf") if group.board_count is None else group.board_count
        )
        for name, group in settings.groups.items()
    }
    source = SlurmWorks(settings, place, _controller(settings, place))
    return PausingDevice(source, groups, place, settings.overhead_slope_ratio)


def _check_files(settings: SlurmTable, place: DevicePlace) -> None:
    programs: dict[str, Command | None] = {
        f"{place.where}.{name}": getattr(settings, name) for name in ("squeue", "scontrol", "watchdog")
    }
    for group_name, group in settings.groups.items():
        programs |= {
            f"{place.where}.groups.{group_name}.{name}": getattr(group, name) for name in ("power", "cap")
        }
    check_programs(place.folder, programs)


def _controller(settings: SlurmTable, place: DevicePlace) -> SlurmController:
    commands = CommandController(
        settings.squeue,
        settings.scontrol or ("scontrol",),
        folder=place.folder,
        timeout=settings.timeout,
        whose=place.resource_id,
    )
    rest = settings.rest
    if rest is None:
        return commands
    # Read once here, so that a missing file is found before Slurm is asked.
    read_secret(place.folder, rest.token_file, None, f"{place.where}.rest.token")
    client = client_of(rest, place)
    client.auth = TokenFile(place.folder / rest.token_file, rest.user)
    return RestController(client, rest.version, commands if settings.scontrol is not None else None)
