"""A cluster that Kubernetes manages: Jobs are suspended, Deployments and StatefulSets get fewer replicas.

    Job                      suspended: its pods end; saves (1 - idle) of the power of those that ran
    Deployment, StatefulSet  replica j is a work of its own, j = min_replicas .. replicas - 1; the last is
                             taken first and given back last; saves (1 - idle) of a pod's power

Power is that of the GPUs that pods ask for, or of pods, from the settings. Which works are chosen, and what
counts, is said in `work_choice` and `pausing_device`. What is done is remembered before it is done. Jobs
that somebody else suspended are left alone. So is a workload whose replicas somebody else has changed: it is
never scaled back over them.

Kubernetes does not let go by itself: the site accepts that a dead machine leaves workloads paused.

Source: Kubernetes API (see `kubernetes_objects`).
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import cast

from vpp.agent.device_place import DevicePlace
from vpp.agent.drivers.kubernetes_objects import Change, KubernetesObject, KubernetesObjects, objects_of
from vpp.agent.drivers.kubernetes_settings import KubernetesGroupTable, KubernetesTable, Workload
from vpp.agent.drivers.paused_works import PausedWork, SeenWork, WorkState
from vpp.agent.drivers.pausing_device import PausingDevice, WorkGroup
from vpp.agent.drivers.table import read_table
from vpp.foundation.errors import InvalidInput

KINDS = ("deferrable_load", "job_groups")


class KubernetesWorks:
    """The workloads of a cluster (`WorkSource`)."""

    def __init__(self, table: KubernetesTable, objects: KubernetesObjects) -> None:
        """Take how the cluster is reached; nothing is asked yet."""
        self._table = table
        self._objects = objects
        self._seen: dict[str, KubernetesObject] = {}

    def works(self, paused: Mapping[str, PausedWork]) -> Mapping[str, SeenWork]:
        """List the groups' workloads.

        Raises:
            DeviceError: The cluster does not answer, or answers nonsense.
        """
        objects = self._listed(paused)
        self._seen = {key: each for key, (_, each) in objects.items()}
        works: dict[str, SeenWork] = {}
        for key, record in paused.items():
            object_key = key if key.startswith("job/") else key.rsplit("/", 1)[0]
            if object_key not in objects or objects[object_key][1].is_over:
                works[key] = SeenWork(key, record.group, WorkState.OVER, can_pause=False)
        for key, (name, each) in objects.items():
            # Works of a group that is gone from the settings are given back, and count for nothing till then.
            group = self._table.groups.get(name, next(iter(self._table.groups.values())))
            if each.is_over:
                continue
            if each.workload == "job":
                works |= self._job(key, name, group, each, paused)
            else:
                works |= self._replicas(key, name, group, each, paused)
        return works

    def _listed(self, paused: Mapping[str, PausedWork]) -> dict[str, tuple[str, KubernetesObject]]:
        """Return the objects by key, each with its group: those that the groups list, and those paused."""
        objects: dict[str, tuple[str, KubernetesObject]] = {}
        for name, group in self._table.groups.items():
            for namespace in group.namespaces:
                for each in self._objects.listed(group.workload, namespace, group.selector):
                    objects.setdefault(each.key, (name, each))
        for key, record in paused.items():
            # What has lost its label, or its group in the settings, is still this driver's to give back.
            workload, namespace, object_name, uid = key.split("/")[:4]
            object_key = f"{workload}/{namespace}/{object_name}/{uid}"
            if object_key not in objects:
                found = self._objects.read(cast("Workload", workload), namespace, object_name)
                if found is not None and found.uid == uid:
                    objects[object_key] = (record.group, found)
        return objects

    def _job(
        self,
        key: str,
        name: str,
        group: KubernetesGroupTable,
        job: KubernetesObject,
        paused: Mapping[str, PausedWork],
    ) -> dict[str, SeenWork]:
        if job.is_suspended and key not in paused:
            return {}
        state = WorkState.RUNNING
        if job.is_suspended:
            state = WorkState.LEAVING if job.present > 0 else WorkState.PAUSED
        # Of a Job that runs, only pods that run draw power; of one that ends, all that there still are.
        pods = job.present if job.is_suspended else job.ready
        boards = pods * _boards_per_pod(group, job)
        # Work that began last has least to lose by beginning anew.
        return {key: _work(key, name, group, state, boards, -_epoch_s(job.started))}

    @staticmethod
    def _replicas(
        key: str,
        name: str,
        group: KubernetesGroupTable,
        workload: KubernetesObject,
        paused: Mapping[str, PausedWork],
    ) -> dict[str, SeenWork]:
        ours = sorted(_number_of(each) for each in paused if each.startswith(f"{key}/"))
        is_taken = bool(ours) and workload.replicas < ours[0]
        boards = _boards_per_pod(group, workload)
        # Pods that are not ready are the first to go, and save nothing: such a workload is left alone.
        is_whole = workload.ready >= workload.replicas
        works: dict[str, SeenWork] = {}
        for n in sorted({*range(workload.replicas), *ours}):
            state = WorkState.RUNNING
            if n >= workload.replicas:
                state = WorkState.LEAVING if n < workload.present else WorkState.PAUSED
                state = WorkState.TAKEN if is_taken else state
            unit = f"{key}/{n:06d}"
            can_pause = is_whole and n >= group.min_replicas
            is_idle = state is WorkState.RUNNING and n >= workload.ready
            own = 0.0 if is_idle else boards
            works[unit] = _work(unit, name, group, state, own, -float(n), can_pause=can_pause)
        return works

    def pause(self, keys: Sequence[str]) -> Collection[str]:
        """Suspend Jobs, and take replicas away.

        Raises:
            DeviceError: The cluster does not answer.
        """
        refused: set[str] = set()
        for key, units in self._by_object(keys).items():
            seen = self._seen.get(key)
            if seen is None:
                refused |= set(units.values())
            elif seen.workload == "job":
                if self._objects.suspended(seen, is_suspended=True) is not Change.DONE:
                    refused.add(key)
            else:
                left = seen.replicas - len(units)
                # Only the last replicas can go.
                is_top = sorted(units) == list(range(left, seen.replicas))
                if not is_top or self._objects.scaled(seen, left) is not Change.DONE:
                    refused |= set(units.values())
        return refused

    def resume(self, keys: Sequence[str]) -> Collection[str]:
        """Let Jobs go on, and give replicas back.

        Raises:
            DeviceError: The cluster does not answer.
        """
        refused: set[str] = set()
        for key, units in self._by_object(keys).items():
            seen = self._seen.get(key)
            if seen is None:
                continue
            if seen.workload == "job":
                if self._objects.suspended(seen, is_suspended=False) is Change.REFUSED:
                    refused.add(key)
            else:
                missing = sorted(n for n in units if n >= seen.replicas)
                is_next = missing == list(range(seen.replicas, seen.replicas + len(missing)))
                wanted = seen.replicas + len(missing)
                if missing and (not is_next or self._objects.scaled(seen, wanted) is Change.REFUSED):
                    refused |= set(units.values())
        return refused

    def _by_object(self, keys: Iterable[str]) -> dict[str, dict[int, str]]:
        """Sort works by the object that they belong to: number of the replica, and the work's key."""
        sorted_: dict[str, dict[int, str]] = {}
        for key in keys:
            if key.startswith("job/"):
                sorted_[key] = {0: key}
            else:
                sorted_.setdefault(key.rsplit("/", 1)[0], {})[_number_of(key)] = key
        return sorted_

    def guard(self, keys: Collection[str], hold: timedelta) -> bool:  # noqa: ARG002  the site does without
        """Return that the site does without."""
        return True

    def close(self) -> None:
        """Let connections go."""
        self._objects.close()


def _work(  # noqa: PLR0913, PLR0917  each says another thing about one work
    key: str,
    name: str,
    group: KubernetesGroupTable,
    state: WorkState,
    boards: float,
    priority: float,
    *,
    can_pause: bool = True,
) -> SeenWork:
    kw = boards * group.kw_per_board
    return SeenWork(
        key,
        name,
        state,
        kw=kw,
        saved_kw=kw * (1.0 - group.idle_power_ratio),
        boards=boards,
        priority=priority,
        can_pause=can_pause,
    )


def _boards_per_pod(group: KubernetesGroupTable, each: KubernetesObject) -> float:
    return 1.0 if group.kw_per_gpu is None else each.gpus.get(group.gpu_resource, 0.0)


def _number_of(key: str) -> int:
    number = key.rsplit("/", 1)[1]
    return int(number) if number.isdecimal() else 0


def _epoch_s(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        return 0.0


def device_of(table: Mapping[str, object], place: DevicePlace) -> PausingDevice:
    """Build the device that a table describes.

    Raises:
        InvalidInput: A key is unknown, missing or wrong, or the kubeconfig cannot be used.
    """
    settings = read_table(KubernetesTable, table, place.where)
    if place.kind not in KINDS:
        raise InvalidInput(
            f"{place.where}: kubernetes drives a resource of kind {' or '.join(KINDS)}, not {place.kind!r}"
        )
    groups = {
        name: WorkGroup(group.flexibility_ratio, math.inf if group.board_count is None else group.board_count)
        for name, group in settings.groups.items()
    }
    source = KubernetesWorks(settings, objects_of(settings, place))
    return PausingDevice(source, groups, place, settings.overhead_slope_ratio)
