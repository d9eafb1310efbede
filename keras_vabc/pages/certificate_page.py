"""A certificate as people read it: lines on a console, and a page to print."""

from keras_vabc.evaluation.certificate.statement import NOT_COVERED
from keras_vabc.pages.page import Section, Table, render_page

STATES = {
    "begun": "abandoned or under way",
    "left": "left",
    "finished": "all reviewed",
}


def certificate_page(certificate, notes=()):
    """HTML of a page to print; `notes` are lines of the attempt."""
    parts = [
        Section("What was found", [*certificate_lines(certificate), *notes], [], []),
        Section("What was certified", _certified_text(certificate), [_certified(certificate)], []),
        Section("How it was reviewed", _reviewed(certificate), [], []),
        Section("All attempts", [_attempts_text(certificate)], [_attempts(certificate)], []),
        Section("What it does not cover", list(NOT_COVERED), [], []),
    ]
    bound = f"At most {_percent(certificate.bound)} unwanted"
    return render_page(f"Certificate: {bound}", parts)


def certificate_lines(certificate):
    """What a certificate says, a line for each bound; those under an assumption say it."""
    lines = [str(certificate)]
    if certificate.kind == "left":
        lines.append("The plan was left, so that this is the bound that holds at any time.")
    for line in (_eye, _guard, _copies):
        lines += line(certificate)
    return lines


def _eye(certificate):
    own = certificate.planted
    if own is None:
        return []
    caught = f"The reviewer caught {own['caught']:,} of {own['planted']:,} planted unwanted items"
    return _assumed(caught, own, "Divided by what such a reviewer sees, the bound is {}.")


def _guard(certificate):
    own = certificate.guarded
    if own is None:
        return []
    (found, n), (passed, known), (accepted, drawn) = (
        own[name] for name in ("unguarded", "held_out", "drawn")
    )
    text = (
        f"Without the guard {found:,} of {n:,} samples are unwanted; it lets {passed:,} of "
        f"{known:,} unwanted examples pass that the run has never read, and {accepted:,} of "
        f"{drawn:,} samples drawn"
    )
    bound = "With the guard's help the bound is {}, beside the one above and not instead."
    return _assumed(text, own, bound)


def _assumed(counted, own, bound):
    """A bound that holds under an assumption, or that there is none; `bound` has a {} for it."""
    if own["bound"] is None:
        return [f"{counted}; the plan was left, so that there is no bound by that."]
    return [f"{counted}. {bound.format(_percent(own['bound']))} This assumes: {own['assumes']}"]


def _copies(certificate):
    own = certificate.near_copies
    if own is None:
        return []
    return [
        f"At most {_percent(own['bound'])} of the samples are near copies of training examples: "
        f"{own['found']:,} found among {own['n']:,} by a rule."
    ]


def _certified_text(certificate):
    if certificate.certified is None:
        return [f"A generator: {certificate.attempt.what}."]
    return [
        "An export of keras-vabc, with the guard that is in it. keras-vabc verify certificate.json "
        "EXPORT tells whether an export is this one; it finds another file, and cannot tell a "
        "forged certificate."
    ]


def _certified(certificate):
    rows, own = [], certificate.certified or {}
    names = {"model": "the model"}
    hashes = own.get("sha256") or {}
    rows += [[f"sha256 of {names.get(name, name)}", value] for name, value in hashes.items()]
    parts = own.get("parts") or {}
    rows += [[f"sha256 of {name} of the run", value] for name, value in parts.items()]
    if own.get("made_by"):
        rows.append(["exported by", own["made_by"]])
    if own.get("run"):
        rows.append(["run", own["run"]["id"] or "–"])
    rows.append(["seed of the samples", f"{certificate.attempt.seed}"])
    rows.append(["certified by", f"keras_vabc {certificate.version}"])
    return Table(["", ""], rows)


def _reviewed(certificate):
    one = certificate.attempt
    by = one.by or "somebody who gave no name"
    number = f"attempt {one.number}" if certificate.recorded else "attempt 1, as no record was kept"
    how = {
        "fixed": "All of a number fixed beforehand were reviewed: Clopper's and Pearson's bound",
        "left": "The review was left: a prior-posterior-ratio bound, which holds at any time",
    }
    return [
        f"Reviewed by {by}, begun on {one.date}: {one.reviewed:,} of {one.n:,} samples, drawn at "
        f"random. Found unwanted: {one.found:,}.",
        f"{how[certificate.kind]}, with an error probability of {_percent(certificate.error)} for "
        f"{number}. Each bound beside it has that for itself.",
    ]


def _attempts_text(certificate):
    return (
        "Every attempt on this generator counts, those too that were abandoned: each has a fifth "
        f"of the error probability of the one before. With {_percent(certificate.confidence)} "
        "confidence no bound without an assumption fails in any of them."
    )


def _attempts(certificate):
    head = ["attempt", "begun", "by", "seed", "n", "reviewed", "unwanted", "state"]
    rows = [
        [one.number, one.date, one.by or "–", one.seed, *_numbers(one), STATES[one.state]]
        for one in certificate.attempts
    ]
    return Table(head, [list(map(str, row)) for row in rows])


def _numbers(one):
    counted = ("–", "–") if one.state == "begun" else (f"{one.reviewed:,}", f"{one.found:,}")
    return f"{one.n:,}", *counted


def _percent(share):
    return f"{100 * share:.3g} %"
