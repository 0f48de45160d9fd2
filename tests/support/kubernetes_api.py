"""A stand-in for the Kubernetes API on loopback: Jobs, Deployments and StatefulSets with resource versions.

It answers as the API reference says (lists by label, merge patches, the scale subresource, 409 where the
resource version is not the newest), and does at once what controllers do: pods of a suspended Job end,
replicas follow their wish. It misbehaves on demand.
"""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "made-up-token"  # noqa: S105  of a service that exists for one test
PATHS = {"jobs": "batch/v1", "deployments": "apps/v1", "statefulsets": "apps/v1"}


class KubernetesApi:
    """A cluster.

    Attributes:
        objects: By plural, namespace and name.
        refusing: Names whose changes are refused (422), as a policy would.
        ignoring: Names whose changes are accepted and not carried out.
        overtaken: Names that something else changes (their status) just before the next change.
        rivals: Names whose wish somebody else changes just before the next change, and to what.
        lingering: Names whose pods take their time to end.
        status: Every answer has this status; 0 for none.
        garbled: Whether every answer is garbage.
        endless: Whether lists say that there is always more.
        page: Objects per answer at most.
        patches: Changes that were carried out: name and spec.
    """

    def __init__(self) -> None:
        self.objects: dict[str, dict[tuple[str, str], dict[str, Any]]] = {plural: {} for plural in PATHS}
        self.refusing: set[str] = set()
        self.ignoring: set[str] = set()
        self.overtaken: set[str] = set()
        self.rivals: dict[str, dict[str, Any]] = {}
        self.lingering: set[str] = set()
        self.status = 0
        self.garbled = False
        self.endless = False
        self.page = 2
        self.patches: list[tuple[str, dict[str, Any]]] = []
        self._version = 100

    def add(self, plural: str, name: str, namespace: str = "ml", *, gpus: int = 1, **spec: Any) -> None:  # noqa: ANN401  the API's JSON
        """Add an object of which `parallelism` or `replicas` pods run."""
        self._version += 1
        containers = [
            {"name": "work", "resources": {"limits": {"nvidia.com/gpu": str(gpus), "memory": "64Gi"}}}
        ]
        pods = spec.get("parallelism", spec.get("replicas", 1))
        status = {"active": pods} if plural == "jobs" else {"replicas": pods, "readyReplicas": pods}
        self.objects[plural][namespace, name] = {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": f"uid-{self._version}",
                "resourceVersion": str(self._version),
                "labels": {"flexible": "yes"},
                "creationTimestamp": f"2026-03-02T10:00:{self._version % 60:02d}Z",
            },
            "spec": {**spec, "template": {"spec": {"containers": containers}}},
            "status": status,
        }

    def one(self, name: str) -> dict[str, Any]:
        """Return an object by its name, of which there is one."""
        (found,) = (
            each
            for objects in self.objects.values()
            for (_, is_named), each in objects.items()
            if is_named == name
        )
        return found

    def follow(self, name: str) -> None:
        """Do what the controllers do."""
        each = self.one(name)
        spec, status = each["spec"], each["status"]
        if "replicas" in spec:
            status["replicas"] = status["readyReplicas"] = spec["replicas"]
        else:
            status["active"] = 0 if spec.get("suspend") else spec.get("parallelism", 1)
        self._touch(each)

    def _touch(self, each: Mapping[str, Any]) -> None:
        self._version += 1
        each["metadata"]["resourceVersion"] = str(self._version)

    def answered(self, method: str, url: str, token: str | None, body: Any) -> tuple[int, Any]:  # noqa: ANN401  JSON
        """Answer a request."""
        if token != f"Bearer {TOKEN}":
            return 401, {"kind": "Status", "reason": "Unauthorized"}
        if self.status:
            return self.status, {"kind": "Status", "message": "quota of tenant-secret"}
        target = urlsplit(url)
        parts = target.path.strip("/").split(
            "/"
        )  # apis, group, version, namespaces, namespace, plural[, name[, scale]]
        namespace, plural = parts[4], parts[5]
        assert "/".join(parts[1:3]) == PATHS[plural]
        if len(parts) == 6:
            return 200, self._listed(plural, namespace, parse_qs(target.query))
        each = self.objects[plural].get((namespace, parts[6]))
        if each is None:
            return 404, {"kind": "Status", "reason": "NotFound"}
        if method == "GET":
            return 200, each
        return self._patched(parts[6], each, body)

    def _listed(self, plural: str, namespace: str, query: Mapping[str, list[str]]) -> dict[str, Any]:
        key, value = query["labelSelector"][0].split("=")
        found = [
            each
            for (where, _), each in sorted(self.objects[plural].items())
            if where == namespace and each["metadata"]["labels"].get(key) == value
        ]
        start = int(query.get("continue", ["0"])[0])
        end = start + min(self.page, int(query["limit"][0]))
        meta = {
            "resourceVersion": str(self._version),
            "continue": str(end) if end < len(found) or self.endless else "",
        }
        return {"kind": "List", "metadata": meta, "items": found[start:end]}

    def _patched(self, name: str, each: dict[str, Any], body: Mapping[str, Any]) -> tuple[int, Any]:
        if name in self.overtaken:
            self.overtaken.discard(name)
            self._touch(each)
        if name in self.rivals:
            each["spec"] |= self.rivals.pop(name)
            self.follow(name)
        if body["metadata"]["resourceVersion"] != each["metadata"]["resourceVersion"]:
            return 409, {"kind": "Status", "reason": "Conflict"}
        if name in self.refusing:
            return 422, {"kind": "Status", "message": "job-secret may not be changed"}
        self.patches.append((name, dict(body["spec"])))
        if name not in self.ignoring:
            each["spec"] |= body["spec"]
            self._touch(each)
            if name not in self.lingering:
                self.follow(name)
        return 200, each

    @contextmanager
    def serving(self, folder: Path) -> Iterator[Path]:
        """Serve on a free port of loopback; yields a kubeconfig."""
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                self._answer(None)

            def do_PATCH(self) -> None:
                assert self.headers["Content-Type"] == "application/merge-patch+json"
                self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def _answer(self, body: object) -> None:
                code, content = api.answered(self.command, self.path, self.headers.get("Authorization"), body)
                text = b"<html>maintenance</html>" if api.garbled else json.dumps(content).encode()
                self.send_response(code)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            server.daemon_threads = True
            server.block_on_close = False  # the client keeps its connection open
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            path = folder / "kubeconfig.json"
            path.write_text(json.dumps(kubeconfig(f"http://127.0.0.1:{server.server_address[1]}")))
            try:
                yield path
            finally:
                server.shutdown()
                thread.join()


def kubeconfig(url: str) -> dict[str, Any]:
    """Return a kubeconfig, which is YAML, and so may be JSON."""
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "site", "cluster": {"server": url}}],
        "users": [{"name": "vpp", "user": {"token": TOKEN}}],
        "contexts": [{"name": "site", "context": {"cluster": "site", "user": "vpp"}}],
        "current-context": "site",
    }
