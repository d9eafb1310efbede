"""What must hold in a folder after a command was stopped, and after it ran again."""

import dataclasses
import fnmatch
import hashlib
import json
import re
import zipfile
from pathlib import Path

from crashing.points import REMOVING

LEFT_OUT = ("home/*", "tmp/__autograph_*", "*.lock")  # of other packages; locks may stay
REPEATABLE = (".csv", ".parquet", ".npy", ".npz", ".png")  # whose bytes do not hold the time
TEMPORARY = (".tmp", ".old")
EARLIER = re.compile(r"\.([^/]+)-\w{8}\.tmp/\1\.earlier")


@dataclasses.dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, -9 for a kill, and what it said."""

    code: int
    said: str


def snapshot(root):
    """Mode and content of everything in a folder, by name."""
    found = {}
    for path in sorted(root.rglob("*")):
        name = str(path.relative_to(root))
        if not any(fnmatch.fnmatch(name, pattern) for pattern in LEFT_OUT):
            content = _content(path, root) if path.is_file() else "folder"
            found[name] = (path.stat().st_mode, content)
    return found


def _content(path, root):
    """A hash, which neither the time of writing nor the place changes."""
    try:
        if path.suffix in (".npz", ".keras"):
            with zipfile.ZipFile(path) as archive:
                data = repr([(m.filename, m.CRC) for m in archive.infolist()]).encode()
        else:
            data = path.read_bytes().replace(str(root).encode(), b"ROOT")
    except (OSError, zipfile.BadZipFile) as error:
        return f"damaged: {error}"
    return hashlib.sha256(data).hexdigest()


def after_reference(before, own, final, ended):
    """Faults of a command that nobody stopped."""
    faults = [] if ended.code == 0 else [f"exit code {ended.code}: {ended.said[-300:]}"]
    return faults + _changed(own, before, final) + _temporary(set(final) - set(before))


def after_stop(command, point, kind, root, before, final, ended):
    """Faults of a command that was stopped at a point."""
    after = snapshot(root)
    kept = [n for n in before if final.get(n) == before[n]]
    faults = _changed(kept, before, after | (_put_aside(after) if kind == "kill" else {}))
    faults += _torn(root, before, after, final) + _strangers(root, before, after, final)
    if kind == "kill":
        return faults + ([] if ended.code == -9 else [f"exit code {ended.code} for a kill"])
    faults += _badly_said(ended)
    if point[0] in REMOVING:  # what could not be removed may stay until the next command
        return faults
    new = set(after) - set(before)
    faults += _temporary(new)
    if ended.code == 0:
        return faults + [f"exit code 0 without {n}" for n in sorted(set(final) - set(after))]
    if command.kind == "training" and _goes_on(
        root, {n for n in after if after[n] != before.get(n)}
    ):
        return faults
    missing = set(final) - set(after)
    if new and (missing or not new <= set(final)):
        faults.append(f"left {_names(new)}" + (f" without {_names(missing)}" if missing else ""))
    return faults


def after_again(command, root, before, final, ended):
    """Faults of the same command that ran after the one that was stopped."""
    after, faults = snapshot(root), []
    finished = {n: v[1] for n, v in after.items()} == {n: v[1] for n, v in final.items()}
    refused = ended.code == 2 and "new or empty" in ended.said or "--overwrite" in ended.said
    if ended.code != 0 and not (finished and refused):
        faults.append(f"again: exit code {ended.code}: {ended.said.strip()[-200:]}")
    faults += _changed([n for n in before if final.get(n) == before[n]], before, after)
    faults += [f"again: {n} is left" for n in sorted(set(after) - set(final))]
    faults += [f"again: {n} is missing" for n in sorted(set(final) - set(after))]
    if command.kind == "new":
        same = [n for n in set(after) & set(final) if n.endswith(REPEATABLE)]
        other = [n for n in same if after[n][1] != final[n][1]]
        faults += [f"again: {n} is another" for n in sorted(other)]
    return faults


def _changed(names, before, after):
    return [
        f"{'changed' if name in after else 'gone'}: {name}"
        for name in names
        if after.get(name) != before[name]
    ]


def _put_aside(after):
    """What gets its name back by the next command, under that name: it was just being replaced."""
    named = {name: EARLIER.sub(r"\1", name) for name in after}
    return {named[name]: after[name] for name in after if named[name] != name}


def _temporary(names):
    return [f"left {name}" for name in sorted(names) if name.endswith(TEMPORARY)]


def _badly_said(ended):
    if ended.code == 0:
        return []
    lines = ended.said.strip().splitlines() or [""]
    if ended.code not in (1, 2) or "Traceback" in ended.said:
        return [f"exit code {ended.code}: {ended.said.strip()[-300:]}"]
    return [] if lines[-1].startswith("keras-vabc: ") else [f"it said {lines[-1]!r}"]


def _torn(root, before, after, final):
    """Files that are neither what they were nor what they become, and cannot be read."""
    faults = []
    for name in after:
        old, new = before.get(name), final.get(name)
        if new is None or after[name] in (old, new):
            continue
        if not _whole(root / name):
            faults.append(f"torn: {name}")
    return faults


def _whole(path):
    try:
        if path.suffix == ".json":
            return isinstance(json.loads(path.read_text()), dict)
        if path.suffix == ".html":
            return path.read_text().rstrip().endswith("</html>")
        if path.suffix in (".npz", ".keras", ".checkpoint"):
            with zipfile.ZipFile(path) as archive:
                return archive.testzip() is None
        return path.is_dir() or path.stat().st_size > 0
    except (OSError, ValueError, zipfile.BadZipFile):
        return False


def _strangers(root, before, after, final):
    """Data beside a manifest of others, which does not show it: it holds no hash of its data."""
    faults = []
    for name, (_, content) in after.items():
        place = _data_of(name)
        if place not in after or final.get(place) == before.get(place):
            continue
        states = [
            "old" if v == before.get(n, (0, 0))[1] else "new"
            for n, v in ((name, content), (place, after[place][1]))
        ]
        actual = hashlib.sha256((root / place).read_bytes()).hexdigest()
        shows = json.loads((root / name).read_text()).get("output_sha256") not in (None, actual)
        if states[0] != states[1] and not shows:
            faults.append(f"{states[1]} {place} beside the {states[0]} {name}")
    return faults


def _data_of(manifest):
    """The name of the data whose manifest has a name; an empty one for what is no manifest."""
    stem = Path(manifest).stem
    return str(Path(manifest).with_name(stem)) if manifest.endswith(".json") and "." in stem else ""


def _goes_on(root, changed):
    """Whether what a training left is what it goes on with: a finished stage, or part of one."""
    for name in changed:
        path = root / name
        if path.name == "run.json" and json.loads(path.read_text()).get("stages"):
            return True
        if path.suffix == ".checkpoint" or path.name == "results.jsonl":
            return True
        if path.parent.name == "arrays":  # a classifier of a sweep
            return True
    return False


def _names(names):
    return ", ".join(sorted(names)[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
