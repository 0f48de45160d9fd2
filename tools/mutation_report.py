"""Say what became of the mutants that `mutmut run` made in the present folder, module by module.

Prints a table, and writes what survived as diffs to `survivors.txt`. Not a judgement: whether a survivor is
equivalent, or a test is missing, a person says.
"""

import re
import subprocess
from collections import Counter
from pathlib import Path

RESULT = re.compile(r"^\s*(?P<place>vpp\.\w+)\.(?P<module>\w+)\.(?P<rest>\S+): (?P<state>.+?)\s*$")
NOTICED = ("killed", "timeout", "segfault")


def results() -> list[tuple[str, str, str]]:
    """Return module, mutant and what became of it."""
    text = subprocess.run(
        ["mutmut", "results", "--all", "true"],  # noqa: S607  found on the PATH that tools/mutate sets
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = []
    for line in text.splitlines():
        match = RESULT.match(line)
        if match and match["state"] != "not checked":
            mutant = f"{match['place']}.{match['module']}.{match['rest']}"
            found.append((match["module"], mutant, match["state"]))
    return found


def difference(mutant: str) -> str:
    """Return what a mutant changes."""
    shown = subprocess.run(
        ["mutmut", "show", mutant],  # noqa: S607  as above
        check=False,
        capture_output=True,
        text=True,
    ).stdout
    lines = [line for line in shown.splitlines() if line[:1] in {"+", "-"} and line[:3] not in {"+++", "---"}]
    return "\n".join([f"# {mutant}", *lines])


def main() -> None:
    """Print the table and write the survivors."""
    found = results()
    modules = sorted({module for module, *_ in found})
    print("| module | mutants | noticed | survived | without a test |\n|---|---|---|---|---|")
    totals: Counter[str] = Counter()
    for module in [*modules, ""]:
        counts = Counter(state for one, _, state in found if one == module) if module else totals
        totals += counts if module else Counter()
        noticed = sum(counts[state] for state in NOTICED)
        name = module or "all"
        print(f"| {name} | {counts.total()} | {noticed} | {counts['survived']} | {counts['no tests']} |")
    survivors = [difference(mutant) for _, mutant, state in found if state == "survived"]
    Path("survivors.txt").write_text("\n\n".join(survivors) + "\n", encoding="utf-8")
    print(f"\n{len(survivors)} survivors in {Path('survivors.txt').resolve()}")


if __name__ == "__main__":
    main()
