"""The README's Python code runs as it stands."""

import re
from pathlib import Path

import numpy as np

README = Path(__file__).parents[1] / "README.md"


def test_the_quickstart_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert "epochs=30" in code
    names = {}
    exec(compile(code, str(README), "exec"), names)

    model, folds = names["model"], names["folds"]
    samples = model.sample(1000, seed=0)
    assert samples.shape == (1000, 2)
    assert samples.dtype == np.float32
    scores = model.score(folds.test_unwanted), model.score(folds.test_unlabeled)
    assert np.median(scores[0]) > 2 * np.median(scores[1])
    reloaded = names["kv"].load_model("moons2.keras")
    np.testing.assert_array_equal(reloaded.sample(1000, seed=0), samples)
