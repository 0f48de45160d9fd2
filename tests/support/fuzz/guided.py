"""Feeds the parsers of foreign bytes, guided by coverage: what reaches a new line is gone on from (atheris).

    python -m support.fuzz.guided [name ...] [--seconds S]

Each parser has a process of its own. What led somewhere new stays in `build/fuzz/corpus`, and bytes that
broke it in `build/fuzz/found`.
"""

import argparse
import contextlib
import os
import subprocess
import sys
from pathlib import Path

FOLDER = Path("build/fuzz")


def _run_one(name: str, seconds: int) -> None:
    """Fuzz one parser; never returns."""
    import atheris  # noqa: PLC0415  instruments what is imported after it, and is for Linux alone

    with atheris.instrument_imports(include=["vpp"], exclude=["vpp.v1"]):
        from support.fuzz.foreign_parsers import EXPECTED, PARSERS  # noqa: PLC0415  as above

    parser = PARSERS[name]

    def test_one(content: bytes) -> None:
        with contextlib.suppress(*EXPECTED):
            parser.read(content)

    corpus, found = FOLDER / "corpus" / name, FOLDER / "found" / name
    for folder in (corpus, found):
        folder.mkdir(parents=True, exist_ok=True)
    for number, example in enumerate(parser.examples()):
        (corpus / f"example-{number}").write_bytes(example)
    flags = [f"-max_total_time={seconds}", "-max_len=20000", "-rss_limit_mb=2048", "-timeout=20"]
    atheris.Setup(
        [sys.argv[0], *flags, "-print_final_stats=1", f"-artifact_prefix={found}/", str(corpus)], test_one
    )
    atheris.Fuzz()


def main() -> int:
    """Fuzz the parsers one after the other; 1 if one of them broke."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("names", nargs="*", help="parsers; all without")
    options.add_argument("--seconds", type=int, default=60, help="for each parser")
    options.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        _run_one(chosen.names[0], chosen.seconds)
    from support.fuzz.foreign_parsers import PARSERS  # noqa: PLC0415  not in the processes that instrument it

    broken = []
    for name in chosen.names or PARSERS:
        log = FOLDER / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [
            sys.executable,
            "-m",
            "support.fuzz.guided",
            name,
            "--one",
            "--seconds",
            str(chosen.seconds),
        ]
        with log.open("w", encoding="utf-8") as file:
            code = subprocess.run(
                command, stdout=file, stderr=file, check=False, env=dict(os.environ)
            ).returncode
        text = log.read_text(encoding="utf-8", errors="replace")
        stats = dict(
            line.split("::")[1].split(":") for line in text.splitlines() if line.startswith("stat::")
        )
        runs = stats.get("number_of_executed_units", "?").strip()
        sys.stdout.write(f"{name}: {runs} inputs, {'nothing found' if not code else f'BROKEN, see {log}'}\n")
        sys.stdout.flush()
        if code:
            broken.append(name)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
