"""Who a run is, and whether what its record says belongs together."""

import hashlib
import json
import secrets

from keras_vabc.data.unreadable import FILE as UNREADABLE
from keras_vabc.recipes.record import FILES, STEPS
from keras_vabc.recipes.settings import not_default

DRAWN = 16  # hexadecimal digits of an id that are random
PARTS = {"classifier": ("nu",), "model": ("model", "history"), "samples": ("scores",)}
CHECKPOINTS = {  # files from which a step that was killed goes on, by what they hold
    "classifier": {"members": "classifier.checkpoint"},
    "model": {"epochs": "model.checkpoint", "sharpening": "sharpness.checkpoint"},
}


def new_id(settings, data):
    """The id of a new run: 16 random hexadecimal digits, and 16 that tell how it began.

    The latter are of a hash of `settings` and of the share held out, so that a record in which one
    of them was changed is known by its id.
    """
    drawn = secrets.token_hex(DRAWN // 2)
    return drawn + _told(drawn, settings, data)


def _told(drawn, settings, data):
    text = json.dumps([drawn, not_default(settings), data.test_share], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:DRAWN]


def own_files(record):
    """Names of the files that a run must have by the stages that it has finished."""
    parts = [part for stage in record.stages for part in PARTS.get(stage, ())]
    if "density" in record.stages and record.recipe and record.recipe.density == "gmm":
        parts.append("density")
    return [FILES[part] for part in parts]


def due_files(record):
    """Names of the files that a training will write in the stages that it has not finished."""
    due = STEPS[record.settings.setting] - record.stages.keys()
    parts = [part for stage in due for part in PARTS.get(stage, ())]
    if "density" in due and record.settings.setting == "quality":
        parts.append("density")
    checkpoints = [
        name for stage, names in CHECKPOINTS.items() if stage in due for name in names.values()
    ]
    listed = [UNREADABLE] if "intake" in due else []
    return [*listed, *checkpoints, *sorted(FILES[part] for part in parts)]


def contradiction(record):
    """What a record says of itself that cannot be: which field, and why; `None` if all can."""
    for rules in (_begun, _counted, _trained, _chosen):
        for field, holds, why in rules(record):
            if not holds:
                return f"{field}: {why}"
    return None


def _begun(record):
    drawn = (record.id or "")[:DRAWN]
    told = record.id is None or record.id == drawn + _told(drawn, record.settings, record.data)
    yield "settings, data.test_share", told, "not those that the run began with, by its id"
    missing = set(own_files(record)) - record.parts.keys() if record.id else set()
    yield f"parts.{min(missing, default='')}", not missing, "no sha256, where the run has that part"


def _counted(record):
    for name, own in record.counts.items():
        parted = own.training + own.held_out + own.unreadable + own.duplicates
        yield f"counts.{name}.read", parted <= own.read, f"{own.read}, but {parted} were parted"


def _trained(record):
    if record.recipe is None:
        return
    setting, asked = record.recipe.setting, record.settings
    slug, most = record.recipe.slug, record.figures.epochs or 0
    yield "settings.setting", slug == asked.setting, f"{asked.setting}, trained by {slug}"
    for name in ("seed", "epochs", "gamma"):
        own, given = getattr(setting, name), getattr(asked, name)
        fewer = name == "epochs" and asked.budget is not None and own <= (given or own)
        yield f"settings.{name}", fewer or given in (None, own), f"{given}, trained with {own}"
    yield "figures.epochs", most <= setting.epochs, f"{most}, of at most {setting.epochs}"
    images = record.spec is not None and record.spec.kind == "images"
    if images and asked.image_size is not None:
        fits = tuple(record.spec.shape[:2]) == tuple(asked.image_size)
        yield "settings.image_size", fits, f"{asked.image_size}, of {record.spec.shape}"


def _chosen(record):
    threshold = record.threshold
    if threshold is None:
        return
    scores = record.parts.get(FILES["scores"])
    own = threshold.scores is None or threshold.scores == scores
    yield "threshold.scores", own, f"chosen from another {FILES['scores']} than the run's"
    for name, counts in record.counts.items():
        seen = getattr(threshold, name)
        held = f"{seen}, of {counts.held_out} held out"
        yield f"threshold.{name}", seen == counts.held_out, held
    probability = "classifier" not in record.stages or 0 <= threshold.value <= 1
    yield "threshold.value", probability, f"{threshold.value:g}, which is no probability"
