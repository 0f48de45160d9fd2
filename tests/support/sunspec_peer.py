"""A SunSpec device on loopback: registers encoded by the published models, served over Modbus TCP."""

import struct
from collections.abc import Mapping
from typing import Any

from sunspec2.device import Model
from sunspec2.mb import SUNS_END_MODEL_ID
from support.modbus_peer import ModbusPeer

Content = Mapping[str, Any]
COMMON: Content = {"ID": 1, "Mn": "made up", "Md": "battery", "SN": "1"}


def words_of(content: Content) -> list[int]:
    """Encode one model with its identifier and length."""
    data = bytes(Model(content["ID"], data=dict(content)).get_mb())
    model_id, _, *rest = struct.unpack(f">{len(data) // 2}H", data)
    return [model_id, len(rest), *rest]


class SunSpecPeer(ModbusPeer):
    """A peer whose holding registers from 0 on are a chain of models."""

    def __init__(self, *models: Content) -> None:
        super().__init__()
        self._addresses: dict[int, int] = {}
        self._contents = {content["ID"]: dict(content) for content in models}
        at = 2
        self.set_holding(0, [0x5375, 0x6E53])  # "SunS"
        for content in (COMMON, *models):
            self._addresses[content["ID"]] = at
            words = words_of(content)
            self.set_holding(at, words)
            at += len(words)
        self.set_holding(at, [SUNS_END_MODEL_ID, 0])

    def show(self, model_id: int, **values: int) -> None:
        """Change what points of a model hold, unscaled; the others go on holding what they do."""
        model = self.model(model_id)
        for name, value in values.items():
            model.points[name].value = value
        data = bytes(model.get_mb())
        words = struct.unpack(f">{len(data) // 2}H", data)
        self.set_holding(self._addresses[model_id] + 2, list(words[2:]))

    def model(self, model_id: int) -> Any:  # noqa: ANN401  the library is untyped
        """Return a model as the registers hold it."""
        at = self._addresses[model_id]
        count = self.holding[at + 1] + 2
        data = struct.pack(f">{count}H", *(self.holding[at + n] for n in range(count)))
        return Model(model_id, data=data)
