"""How Kubernetes is asked and told, through its official client.

Objects are listed by label, and changed only if they are still as they were seen: every change names the
resource version that it starts from. A change that came too late is made again if the object still says the
same of what matters (suspended or not, how many replicas); if somebody else changed that, it is refused.

Source: Kubernetes API concepts (resource versions, conflict 409); batch/v1 Job `spec.suspend`; the scale
subresource of apps/v1.
"""

import enum
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import urllib3
from kubernetes import client, config

from vpp.agent.device_place import DevicePlace
from vpp.agent.drivers.kubernetes_settings import KubernetesTable, Workload
from vpp.foundation.device_terms import DeviceError
from vpp.foundation.errors import InvalidInput

PAGE = 500
"""Objects per answer."""
MOST_OBJECTS, MOST_PAGES = 100_000, 10_000
"""Of one list; more is no answer, and a list without an end would never be left."""
MOST_REPLICAS = 100_000
"""Of one workload; more is no answer, since each is a work of its own."""
ATTEMPTS = 4
"""How often a change that came too late is made."""
NOT_FOUND, CONFLICT, TOO_MANY, FIRST_SERVER_ERROR = 404, 409, 429, 500
MERGE_PATCH = "application/merge-patch+json"
log = logging.getLogger(__name__)


class Change(enum.Enum):
    """What became of a change."""

    DONE = "done"
    GONE = "gone"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class KubernetesObject:
    """A Job, a Deployment or a StatefulSet.

    Attributes:
        workload: Which of them.
        namespace: Where it is.
        name: Its name there.
        uid: What tells it from another one of the same name.
        version: Its resource version.
        is_over: Whether it has ended or is being deleted.
        is_suspended: Whether it is suspended; never, for what has replicas.
        replicas: Wanted replicas; of a Job its pods that run.
        present: Pods that there are, with those that are ending and still draw power.
        ready: Pods that run; what waits for a place draws nothing.
        gpus: GPUs by name that each pod asks for.
        started: When a Job began, or the object was made, as RFC 3339.
    """

    workload: Workload
    namespace: str
    name: str
    uid: str
    version: str
    is_over: bool
    is_suspended: bool
    replicas: int
    present: int
    ready: int
    gpus: Mapping[str, float]
    started: str

    @property
    def key(self) -> str:
        """What it is called within the driver."""
        return f"{self.workload}/{self.namespace}/{self.name}/{self.uid}"

    @property
    def wish(self) -> tuple[bool, int]:
        """What somebody wants of it."""
        return self.is_suspended, 0 if self.workload == "job" else self.replicas


class KubernetesObjects:
    """The objects of one cluster."""

    def __init__(self, api: client.ApiClient, timeout_s: float) -> None:
        """Take a client that is signed in; nothing is asked yet."""
        self._api = api
        self._batch = client.BatchV1Api(api)
        self._apps = client.AppsV1Api(api)
        self._timeout_s = timeout_s

    def listed(self, workload: Workload, namespace: str, selector: str) -> list[KubernetesObject]:
        """List objects by their labels.

        Raises:
            DeviceError: The cluster does not answer, refuses, or answers nonsense.
        """
        lists: Mapping[Workload, Callable[..., Any]] = {
            "job": self._batch.list_namespaced_job,
            "deployment": self._apps.list_namespaced_deployment,
            "stateful_set": self._apps.list_namespaced_stateful_set,
        }
        found: list[KubernetesObject] = []
        more = ""
        for _ in range(MOST_PAGES):
            status, content = self._called(
                lists[workload],
                namespace,
                label_selector=selector,
                limit=PAGE,
                **({"_continue": more} if more else {}),
            )
            if status != 0:
                raise DeviceError(f"answers {status} to a read")
            if not isinstance(content, dict) or not isinstance(content.get("items"), list):
                raise DeviceError("the answer has no list of objects")
            found += [_checked(workload, each) for each in content["items"]]
            meta = content.get("metadata")
            more = str(meta.get("continue") or "") if isinstance(meta, dict) else ""
            if not more:
                return found
            if len(found) > MOST_OBJECTS:
                break
        raise DeviceError("its list of objects has no end")

    def read(self, workload: Workload, namespace: str, name: str) -> KubernetesObject | None:
        """Read one object; None if there is none of the name.

        Raises:
            DeviceError: The cluster does not answer, refuses, or answers nonsense.
        """
        reads: Mapping[Workload, Callable[..., Any]] = {
            "job": self._batch.read_namespaced_job,
            "deployment": self._apps.read_namespaced_deployment,
            "stateful_set": self._apps.read_namespaced_stateful_set,
        }
        status, content = self._called(reads[workload], name, namespace)
        if status == NOT_FOUND:
            return None
        if status != 0:
            raise DeviceError(f"answers {status} to a read")
        return _checked(workload, content)

    def suspended(self, seen: KubernetesObject, *, is_suspended: bool) -> Change:
        """Suspend a Job, or let it go on.

        Raises:
            DeviceError: What became of it is not known.
        """
        return self._changed(seen, {"suspend": is_suspended})

    def scaled(self, seen: KubernetesObject, replicas: int) -> Change:
        """Set the replicas of a Deployment or StatefulSet.

        Raises:
            DeviceError: What became of it is not known.
        """
        return self._changed(seen, {"replicas": replicas})

    def close(self) -> None:
        """Let connections go."""
        self._api.rest_client.pool_manager.clear()

    def _changed(self, seen: KubernetesObject, spec: Mapping[str, object]) -> Change:
        """Change an object, as long as nobody else has changed what matters of it."""
        patches: Mapping[Workload, Callable[..., Any]] = {
            "job": self._batch.patch_namespaced_job,
            "deployment": self._apps.patch_namespaced_deployment_scale,
            "stateful_set": self._apps.patch_namespaced_stateful_set_scale,
        }
        newest = seen
        for _ in range(ATTEMPTS):
            body = {"metadata": {"resourceVersion": newest.version}, "spec": spec}
            status, _content = self._called(
                patches[seen.workload], seen.name, seen.namespace, body, _content_type=MERGE_PATCH
            )
            if status == NOT_FOUND:
                return Change.GONE
            if status == 0:
                return Change.DONE
            if status == TOO_MANY or status >= FIRST_SERVER_ERROR:
                raise DeviceError(f"answers {status} to a change")
            if status != CONFLICT:
                log.warning("%s/%s: answers %d to a change", seen.namespace, seen.name, status)
                return Change.REFUSED
            again = self.read(seen.workload, seen.namespace, seen.name)
            if again is None or again.uid != seen.uid:
                return Change.GONE
            if again.wish != seen.wish:
                return Change.REFUSED  # somebody else has decided something
            newest = again
        return Change.REFUSED

    def _called(self, method: Callable[..., Any], *args: object, **options: object) -> tuple[int, Any]:
        """Call the client; return 0 and the answer, or the HTTP status that it refuses with.

        The answers are taken as JSON: the client's own objects check much that does not matter here, at
        every reading of every object.
        """
        try:
            response = method(*args, _preload_content=False, _request_timeout=self._timeout_s, **options)
            return 0, json.loads(response.data)
        except client.ApiException as error:
            # What the server says may name workloads, and stays in the log.
            log.info("the cluster answers %s: %s", error.status, str(error.body)[:2000])
            if not error.status:
                raise DeviceError("no answer: the connection is not safe") from error
            return int(error.status), {}
        except urllib3.exceptions.HTTPError as error:
            log.info("no answer: %s", error)
            raise DeviceError(f"no answer: {type(error).__name__}") from error
        except (ValueError, RecursionError) as error:
            raise DeviceError("answers with something that is not JSON") from error


def objects_of(table: KubernetesTable, place: DevicePlace) -> KubernetesObjects:
    """Build a client for the cluster that a table names; nothing is asked yet.

    Raises:
        InvalidInput: The kubeconfig cannot be used, or the agent does not run in a cluster.
    """
    settings = client.Configuration()
    try:
        if table.kubeconfig is None:
            config.load_incluster_config(client_configuration=settings)  # type: ignore[no-untyped-call]
        else:
            config.load_kube_config(  # type: ignore[no-untyped-call]
                str(place.folder / table.kubeconfig),
                context=table.context,
                client_configuration=settings,
                persist_config=False,
            )
    except Exception as error:
        # The library lets through whatever goes wrong: its own exception, those of YAML, of files, of keys.
        where = "in_cluster" if table.kubeconfig is None else f"kubeconfig {place.folder / table.kubeconfig}"
        raise InvalidInput(f"{place.where}.{where} cannot be used: {error}") from error
    settings.retries = False  # retries are the site's
    settings.proxy = None  # and no proxy of the environment is trusted
    return KubernetesObjects(client.ApiClient(settings), table.timeout.total_seconds())


def _checked(workload: Workload, content: Any) -> KubernetesObject:  # noqa: ANN401  JSON of the cluster's
    try:
        return _object_of(workload, content)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DeviceError(f"an object makes no sense: {type(error).__name__}") from error


def _object_of(workload: Workload, content: Mapping[str, Any]) -> KubernetesObject:
    meta, spec, status = content["metadata"], content["spec"], content.get("status") or {}
    active = _count(status, "active")
    is_job = workload == "job"
    conditions = status.get("conditions") or [] if is_job else []
    ended = any(
        each.get("type") in {"Complete", "Failed"} and each.get("status") == "True" for each in conditions
    )
    wanted = spec.get("replicas")
    return KubernetesObject(
        workload=workload,
        namespace=str(meta["namespace"]),
        name=str(meta["name"]),
        uid=str(meta["uid"]),
        version=str(meta["resourceVersion"]),
        is_over=ended or meta.get("deletionTimestamp") is not None,
        is_suspended=is_job and bool(spec.get("suspend")),
        replicas=active if is_job else (1 if wanted is None else _count(spec, "replicas")),
        present=active + _count(status, "terminating")
        if is_job
        else _count(status, "replicas") + _count(status, "terminatingReplicas"),
        # Before Kubernetes 1.24 Jobs do not say how many of their pods are ready; workloads leave out 0.
        ready=_count(status, "readyReplicas")
        if not is_job
        else active
        if status.get("ready") is None
        else min(active, _count(status, "ready")),
        gpus=_gpus(spec["template"]["spec"]),
        started=str(status.get("startTime") or meta.get("creationTimestamp") or ""),
    )


def _count(fields: Mapping[str, Any], name: str) -> int:
    """Return a number of pods; 0 where it is left out.

    Raises:
        ValueError: It is none.
    """
    count = int(fields.get(name) or 0)
    if not 0 <= count <= MOST_REPLICAS:
        raise ValueError(name)
    return count


def _gpus(pod: Mapping[str, Any]) -> dict[str, float]:
    """Return what the containers of a pod ask for in whole numbers, by name."""
    asked: dict[str, float] = {}
    for container in pod.get("containers") or []:
        resources = container.get("resources") or {}
        for name, amount in {**(resources.get("requests") or {}), **(resources.get("limits") or {})}.items():
            if str(amount).isdecimal():
                asked[str(name)] = asked.get(str(name), 0.0) + float(amount)
    return asked
