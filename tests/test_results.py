"""The table in the README is what the kept results say."""

import importlib.util
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location("results", ROOT / "recipes" / "results.py")
results = importlib.util.module_from_spec(spec)
spec.loader.exec_module(results)


def test_the_table_in_the_readme_is_the_computed_one():
    readme = (ROOT / "README.md").read_text("utf-8")
    assert results.with_table(readme) == readme, "run  make docs"


def test_every_kept_result_names_its_command_versions_and_machine():
    files = sorted(results.RESULTS.glob("*.json"))
    assert files
    for path in files:
        row = json.loads(path.read_text("utf-8"))
        assert row["command"]
        assert row["cost"]["machine"]
        assert {"mothertongue", "torch"} <= row["versions"].keys()
