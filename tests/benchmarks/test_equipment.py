"""What drivers and the site over them cost: reading a device, commanding it, and the agent's own calls.

.venv/bin/pytest -n 0 -s tests/benchmarks/test_equipment.py
"""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from statistics import median

from pymodbus.client import ModbusTcpClient
from support.driver_place import place_for
from support.equipment_bench import BatteryAndMeter, bench_settings, manual_clock, started
from support.modbus_peer import ModbusPeer
from support.snmp_peer import COMMUNITY, SnmpPeer
from support.sunspec_peer import SunSpecPeer

from vpp.agent.driver_tables import device_of
from vpp.agent.drivers import ups_mib
from vpp.foundation.clock import stopwatch_s
from vpp.foundation.device_terms import Setpoint

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
LIMITS = {"max_reduction_kw": 100.0}


def typical_ms(call: Callable[[], object], count: int = 200) -> tuple[float, float]:
    """Return the median wall time of a call, and the CPU time of this thread per call, ms."""
    call()
    spans, begun_s = [], time.thread_time()
    for _ in range(count):
        start_s = stopwatch_s()
        call()
        spans.append(stopwatch_s() - start_s)
    return 1e3 * median(spans), 1e3 * (time.thread_time() - begun_s) / count


def test_reading_and_commanding_a_device(tmp_path: Path) -> None:
    with ModbusPeer() as peer:
        client = ModbusTcpClient("127.0.0.1", port=peer.port)
        client.connect()
        floor = typical_ms(lambda: client.read_input_registers(100, count=8, device_id=1))
        client.close()
        table = {
            "host": "127.0.0.1",
            "port": peer.port,
            "registers": "registers/example_battery.toml",
            "limits": LIMITS,
        }
        modbus = device_of("modbus", table, place_for(CONFIGS))
        rows = [("one raw Modbus request", floor), ("modbus read", typical_ms(modbus.read))]
        rows.append(("modbus apply", typical_ms(lambda: modbus.apply(Setpoint(reduction_kw=5.0)))))
        modbus.close()
    models = (
        {"ID": 701, "W": 500, "W_SF": 2, "Alrm": 0},
        {"ID": 704, "WSetEna": 0, "WSetMod": 1, "WSet": 0, "WSet_SF": 1, "WSetRvrtTms": 0},
        {"ID": 713, "SoC": 655, "Pct_SF": -1, "Sta": 0},
    )
    with SunSpecPeer(*models) as peer:
        table = {"host": "127.0.0.1", "port": peer.port, "limits": LIMITS}
        sunspec = device_of("sunspec", table, place_for(CONFIGS))
        rows.append(("sunspec read", typical_ms(sunspec.read)))
        rows.append(("sunspec apply", typical_ms(lambda: sunspec.apply(Setpoint(reduction_kw=5.0)))))
        sunspec.close()
    (tmp_path / "community").write_text(COMMUNITY)
    with SnmpPeer() as agent:
        agent.show(dict.fromkeys(ups_mib.SCALARS, 1))
        agent.show(
            {ups_mib.ALARMS_PRESENT: 0, f"{ups_mib.INPUT_TRUE_POWER}.1": 10, f"{ups_mib.OUTPUT_POWER}.1": 9}
        )
        table = {
            "host": "127.0.0.1",
            "port": agent.port,
            "version": "2c",
            "community_file": "community",
            "conversion_ratio": 0.95,
        }
        ups = device_of("snmp_ups", table, place_for(tmp_path, kind="ups"))
        rows.append(("snmp_ups read", typical_ms(ups.read, 100)))
        ups.close()
    print(f"\n{'call':<26}{'wall, ms':>10}{'x floor':>9}{'CPU, ms':>10}{'x floor':>9}")
    for name, (wall_ms, cpu_ms) in rows:
        print(f"{name:<26}{wall_ms:>10.2f}{wall_ms / floor[0]:>9.1f}{cpu_ms:>10.2f}{cpu_ms / floor[1]:>9.1f}")


def test_the_agents_own_calls_wait_for_no_device(tmp_path: Path) -> None:
    with ModbusPeer() as peer:
        clock = manual_clock()
        BatteryAndMeter(peer, clock)
        bench = started(bench_settings(tmp_path, peer.port), clock)
        bench.go_on(120, by=10)
        site, now = bench.site, bench.now
        hour_ago = now - timedelta(hours=1)
        rows = {
            "condition": lambda: site.condition("bess", now),
            "state": lambda: site.state("bess", now),
            "meter, one hour": lambda: site.meter(hour_ago, now),
            "recent_kw, one minute": lambda: site.recent_kw(now - timedelta(minutes=1), now),
            "command": lambda: site.command(now, {"bess": Setpoint(reduction_kw=5.0)}),
        }
        print(f"\n{'call':<26}{'wall, ms':>10}{'CPU, ms':>10}")
        for name, call in rows.items():
            print(f"{name:<26}{typical_ms(call)[0]:>10.3f}{typical_ms(call)[1]:>10.3f}")
        delays = []
        for number in range(50):
            count = peer.request_count
            start_s = stopwatch_s()
            site.command(now, {"bess": Setpoint(reduction_kw=10.0 + number)})
            while peer.holding.get(201) != 100 + 10 * number:
                assert stopwatch_s() - start_s < 20.0
            delays.append(1e3 * (stopwatch_s() - start_s))
            assert peer.request_count > count
        print(f"{'command to register':<26}{median(delays):>10.2f}")
        site.close()
