"""Plays simulated days by their seeds, alone or many side by side:

python -m support.simulation.replay 17                    one day, its counts and what was wrong
python -m support.simulation.replay 17 --loud             with everything that hub and agents log
"""

import argparse
import logging
import sys
import tempfile
from pathlib import Path

from support.simulation.simulated_day import DEFECTS, DayPlan, Report, play_day
from support.simulation.template import Template, make_template

RAM = Path("/dev/shm")  # noqa: S108  a folder in memory, if there is one; files in it are the day's own
SMALL = (4, 4)
"""Sites with real agents and with light ones, on a day of a test."""


def fast_folder() -> str | None:
    """Return where files cost nothing; None for the usual place."""
    return str(RAM) if RAM.is_dir() else None


def played(template: Template, plan: DayPlan) -> Report:
    """Play a day in a folder that vanishes."""
    with tempfile.TemporaryDirectory(prefix="vpp-day-", dir=fast_folder()) as folder:
        return play_day(template, Path(folder), plan)


def main(arguments: list[str]) -> int:
    """Play one day; returns 1 if something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m support.simulation.replay")
    parser.add_argument("seed", type=int)
    parser.add_argument("--real", type=int, default=SMALL[0], help="sites with real agents")
    parser.add_argument("--light", type=int, default=SMALL[1], help="sites with light agents")
    parser.add_argument("--defect", default="", choices=["", *DEFECTS], help="a defect to switch on")
    parser.add_argument("--loud", action="store_true", help="log everything")
    options = parser.parse_args(arguments)
    if options.loud:
        logging.basicConfig(level=logging.INFO, format="%(name)s %(message)s")
    with tempfile.TemporaryDirectory(prefix="vpp-eve-", dir=fast_folder()) as folder:
        template = make_template(Path(folder), real_count=options.real, light_count=options.light)
        report = played(template, DayPlan(options.seed, defect=options.defect, is_loud=options.loud))
    lines = [f"seed {report.seed} trace {report.trace}"]
    lines += [f"{count:8} {name}" for name, count in sorted(report.counts.items())]
    lines += [f"refused: {what}" for what in report.refusals]
    lines += report.complaints
    sys.stdout.write("\n".join(lines) + "\n")
    return 1 if report.complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
