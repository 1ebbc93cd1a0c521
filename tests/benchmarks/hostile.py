"""How time grows with the length of nasty texts: the slope of log(seconds) over log(characters).

    python tests/benchmarks/hostile.py [--engine fast] [--sizes 100000 200000 400000] [--only NAME ...]

1.0 is linear, 2.0 would be quadratic. Texts that take under 20 ms at every size have no slope worth the name.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np

from inference import Copydesk


def corpus() -> ModuleType:
    """The module of the tests that makes the texts."""
    path = Path(__file__).parents[1] / "inference" / "test_hostile.py"
    spec = importlib.util.spec_from_file_location("test_hostile", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=["fast", "standard"], default="fast")
    parser.add_argument("--sizes", nargs="+", type=int, default=[250_000, 500_000, 1_000_000])
    parser.add_argument("--only", nargs="+")
    arguments = parser.parse_args()
    desk = Copydesk.from_pretrained(engine=arguments.engine)
    slopes = {}
    for name, make in corpus().NASTY.items():
        lengths = [len(make(size)) for size in arguments.sizes]
        if lengths[0] == lengths[-1] or (arguments.only and name not in arguments.only):
            continue
        desk.predict(make(1_000))  # loads what only such texts need
        seconds = [measured(desk, make(size)) for size in arguments.sizes]
        slope = float(np.polyfit(np.log(lengths), np.log(seconds), 1)[0])
        shown = ", ".join(f"{length:,} in {second:.3f} s" for length, second in zip(lengths, seconds, strict=True))
        slopes[name] = slope if max(seconds) >= 0.02 else float("nan")
        print(f"{name:18} slope {slopes[name]:5.2f}   {shown}", flush=True)
    known = {name: slope for name, slope in slopes.items() if slope == slope}
    if known:
        worst = max(known, key=known.__getitem__)
        print(f"steepest: {worst}, {known[worst]:.2f}; median {np.median(list(known.values())):.2f}")


def measured(desk: Copydesk, text: str) -> float:
    """Processor seconds, so that other work on the machine does not count."""
    begin = time.process_time()
    desk.predict(text)
    return max(time.process_time() - begin, 1e-6)


if __name__ == "__main__":
    main()
