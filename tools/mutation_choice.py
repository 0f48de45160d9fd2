"""Write into the copy of the settings that is mutated which modules to change and which tests to ask."""

import re
import sys
from pathlib import Path


def main() -> None:
    """Change the settings file given first; sources and tests follow, each as words."""
    file, sources, tests = Path(sys.argv[1]), sys.argv[2].split(), sys.argv[3].split()
    settings = file.read_text(encoding="utf-8")
    chosen = {
        "only_mutate": [f"vpp/{source}.py" for source in sources],
        "pytest_add_cli_args_test_selection": [test for test in tests if Path(file.parent, test).exists()],
    }
    for key, values in chosen.items():
        listed = ", ".join(f'"{value}"' for value in values)
        settings = re.sub(rf"(?m)^{key} = .*$", f"{key} = [{listed}]", settings)
    file.write_text(settings, encoding="utf-8")


if __name__ == "__main__":
    main()
