"""The fast engine starts fast: it loads nothing that only training or the standard engine needs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STORY = "The council of Port Alder voted on Monday to rebuild the bridge. Work begins in May. It will cost $3 million."
HEAVY = {
    *("torch", "transformers", "tokenizers", "sklearn", "joblib", "pandas", "pyarrow", "datasets", "peft"),
    *("trafilatura", "ray", "matplotlib"),
}
PROGRAM = """
import sys
sys.argv = ["copydesk", *{arguments!r}]
try:
    from inference.console import main
    main()
except SystemExit as done:
    assert done.code == 0, done.code
print(sorted({heavy!r} & set(sys.modules)), file=sys.stderr)
"""


def loaded(*arguments: str) -> list[str]:
    program = PROGRAM.format(arguments=list(arguments), heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", program], input=STORY, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stderr.splitlines()[-1].replace("'", '"'))
    return found


def test_the_fast_engine_loads_no_heavy_library(tmp_path: Path) -> None:
    assert loaded("predict", "-", "--engine", "fast") == []
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": STORY}))
    files = ["--input", str(tmp_path / "in.jsonl"), "--output", str(tmp_path / "out.jsonl")]
    assert loaded("predict", "--engine", "fast", *files) == []
