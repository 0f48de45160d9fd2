"""A Redfish service on loopback that answers as the published schemas Power and EnvironmentMetrics say."""

import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any


class RedfishService:
    """Chassis with a load and a cap.

    Attributes:
        load_watts: What each chassis would draw without a cap.
        cap_watts: Its cap; None for none.
        refusing: Chassis that refuse a new cap.
        ignoring: Chassis that say yes to a cap and do not keep it.
        overtaken: Chassis whose next change comes too late: something else has changed them.
        critical: Chassis that report critical health.
        garbled: Whether every answer is garbage.
        drip_s: Time between two bytes of an answer; 0 for all at once.
        moved: Whether every answer leads elsewhere.
        patches: Bodies received, with their chassis.
    """

    def __init__(self, load_watts: dict[str, float]) -> None:
        self.load_watts = dict(load_watts)
        self.cap_watts: dict[str, float | None] = dict.fromkeys(load_watts)
        self.refusing: set[str] = set()
        self.ignoring: set[str] = set()
        self.overtaken: set[str] = set()
        self.critical: set[str] = set()
        self.garbled = False
        self.drip_s = 0.0
        self.moved = False
        self.patches: list[tuple[str, dict[str, Any]]] = []
        self._versions = dict.fromkeys(load_watts, 1)

    def watts(self, name: str) -> float:
        cap = self.cap_watts[name]
        return self.load_watts[name] if cap is None else min(self.load_watts[name], cap)

    def document(self, name: str, schema: str) -> dict[str, Any]:
        cap, health = self.cap_watts[name], "Critical" if name in self.critical else "OK"
        head = {
            "@odata.id": f"/redfish/v1/Chassis/{name}/{schema}",
            "@odata.etag": self.etag(name),
            "Name": schema,
        }
        if schema == "Power":
            control = {
                "@odata.id": f"/redfish/v1/Chassis/{name}/Power#/PowerControl/0",
                "MemberId": "0",
                "PowerConsumedWatts": self.watts(name),
                "PowerLimit": {"LimitInWatts": cap, "LimitException": "NoAction"},
                "Status": {"State": "Enabled", "Health": health},
            }
            return {**head, "@odata.type": "#Power.v1_7_3.Power", "Id": "Power", "PowerControl": [control]}
        limit: dict[str, Any] = {"ControlMode": "Disabled" if cap is None else "Automatic"}
        if cap is not None:
            limit["SetPoint"] = cap
        return {
            **head,
            "@odata.type": "#EnvironmentMetrics.v1_4_0.EnvironmentMetrics",
            "Id": "EnvironmentMetrics",
            "PowerWatts": {"Reading": self.watts(name)},
            "PowerLimitWatts": limit,
            "Status": {"State": "Enabled", "Health": health},
        }

    def etag(self, name: str) -> str:
        return f'W/"{self._versions[name]}"'

    def patch(self, name: str, body: dict[str, Any], match: str | None) -> int:
        if name in self.overtaken:
            self.overtaken.discard(name)
            self._versions[name] += 1
        if match is not None and match != self.etag(name):
            return 412
        if name in self.refusing:
            return 400
        self.patches.append((name, body))
        if name in self.ignoring:
            return 200
        self._versions[name] += 1
        if "PowerControl" in body:
            self.cap_watts[name] = body["PowerControl"][0]["PowerLimit"]["LimitInWatts"]
        else:
            limit = body["PowerLimitWatts"]
            self.cap_watts[name] = None if limit["ControlMode"] == "Disabled" else limit["SetPoint"]
        return 200

    def send(self, file: BufferedIOBase, content: bytes) -> None:
        if not self.drip_s:
            file.write(content)
            return
        with contextlib.suppress(OSError):  # nobody waits for the end
            for at in range(len(content)):
                file.write(content[at : at + 1])
                threading.Event().wait(self.drip_s)

    @contextmanager
    def serving(self) -> Iterator[str]:
        """Serve on a free port of loopback; yields the address."""
        with ThreadingHTTPServer(("127.0.0.1", 0), self._handler()) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_address[1]}"
            finally:
                server.shutdown()
                thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def _answer(self, code: int, content: bytes) -> None:
                self.send_response(code)
                self.send_header("Content-Length", str(len(content)))
                if service.moved:
                    self.send_header("Location", "http://127.0.0.1:9/")
                self.end_headers()
                service.send(self.wfile, content)

            def _target(self) -> tuple[str, str] | None:
                parts = self.path.strip("/").split("/")
                known = parts[:3] == ["redfish", "v1", "Chassis"] and len(parts) == 5
                return (parts[3], parts[4]) if known and parts[3] in service.load_watts else None

            def do_GET(self) -> None:
                target = self._target()
                if target is None:
                    self._answer(404, b"{}")
                elif service.garbled:
                    self._answer(200, b"<html>maintenance</html>")
                else:
                    code = 302 if service.moved else 200
                    self._answer(code, json.dumps(service.document(*target)).encode())

            def do_PATCH(self) -> None:
                target = self._target()
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                code = 404 if target is None else service.patch(target[0], body, self.headers.get("If-Match"))
                self._answer(code, b"{}")

        return Handler
