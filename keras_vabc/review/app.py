"""The server: which address gives what. Items are named by their numbers in all of them."""

from importlib import resources
from typing import Annotated, Literal

import numpy as np
from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, StringConstraints

from keras_vabc.review.access import Access
from keras_vabc.review.html_pages import add_pages
from keras_vabc.review.pictures import Vanished
from keras_vabc.review.remaining import PAGE
from keras_vabc.review.retrain_routes import add_retraining
from keras_vabc.review.sample_routes import add_samples

STATIC = {".js": "text/javascript", ".css": "text/css"}
MOST_ROWS = 200  # of a table in one answer

Number = Annotated[int, Field(ge=0, lt=2**31)]
Browser = Annotated[str, StringConstraints(pattern="^[0-9a-z]{8,32}$")]
Score = Annotated[float | None, Query(allow_inf_nan=False)]
Seen = Literal["all", "seen", "unseen", "unwanted", "keep"]


class Step(BaseModel):
    """A step of a browser."""

    browser: Browser
    after: Number = 0  # the line of the log up to which it knows everything


class DecidingStep(Step):
    """A decision on items that stand one after the other from `place` on."""

    numbers: Annotated[list[Number], Field(min_length=1, max_length=PAGE)]
    decision: Literal["unwanted", "keep"]
    shown: Literal["random", "top"]
    place: Number
    rest: bool = False


def create_app(desk, token, port):
    """The ASGI application of a `Desk`."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_exception_handler(Vanished, _vanished)
    _add_static(app)
    _add_items(app, desk)
    _add_decisions(app, desk)
    add_samples(app, desk)
    add_retraining(app, desk)
    add_pages(app, desk)
    return Access(app, token, port)


def _vanished(_, error):
    return JSONResponse({"detail": str(error)}, 410)


def _add_static(app):
    """Our own few files, read once: no path leads from here to the file system."""
    folder = resources.files("keras_vabc.review") / "static"
    files = {own.name: own.read_bytes() for own in folder.iterdir() if own.is_file()}

    @app.get("/static/{name}")
    def static(name: str):
        kind = STATIC.get(name[name.rfind(".") :])
        if name not in files or kind is None:
            raise HTTPException(404)
        return Response(files[name], media_type=f"{kind}; charset=utf-8")


def _add_items(app, desk):
    @app.get("/api/order")
    def order(
        shown: Literal["random", "top"] = "top",
        near: int | None = None,
        low: Score = None,
        high: Score = None,
        seen: Seen = "all",
    ):
        near = None if near is None else known(desk, near)
        return _binary(desk.order(shown, near, low, high, seen), "<i4")

    @app.get("/api/scores")
    def scores():
        return _binary(desk.items.scores, "<f4")

    @app.get("/api/picture/{number}")
    def picture(number: int):
        if desk.pictures is None:
            raise HTTPException(404)
        return Response(desk.pictures(known(desk, number)), media_type="image/png")

    @app.get("/api/rows")
    def rows(numbers: str):
        if desk.rows is None:
            raise HTTPException(404)
        asked = numbers.split(",")[:MOST_ROWS]
        if not all(map(str.isdecimal, asked)):
            raise HTTPException(422)
        with desk.working:
            return desk.rows.rows([known(desk, int(own)) for own in asked])


def _add_decisions(app, desk):
    @app.get("/api/codes")
    def codes():
        desk.state.refresh()
        line = {"X-Line": str(desk.state.line)}  # first: what changes in between comes again
        return _binary(desk.state.codes, "u1", line)

    @app.get("/api/changes")
    def changes(after: int = 0):
        desk.state.refresh()
        return _changes(desk, after)

    @app.post("/api/decide")
    def decide(step: DecidingStep):
        numbers = [known(desk, number) for number in step.numbers]
        desk.state.decide(step.browser, numbers, step.decision, step.shown, step.place, step.rest)
        return _changes(desk, step.after)

    @app.post("/api/undo")
    def undo(step: Step):
        desk.state.undo(step.browser)
        return _changes(desk, step.after)

    @app.get("/api/told")
    def told():
        return desk.told()

    @app.get("/api/reviewed.csv")
    def reviewed():
        head = {"Content-Disposition": 'attachment; filename="reviewed.csv"'}
        return Response(desk.reviewed(), headers=head, media_type="text/csv; charset=utf-8")


def known(desk, number):
    """The number of an item; a 404 for one that none has."""
    if not 0 <= number < len(desk.items):
        raise HTTPException(404, f"There is no item {number}.")
    return number


def _changes(desk, after):
    line = desk.state.line
    changed = desk.state.after(after)
    return {"line": line, "changes": [[n, int(desk.state.codes[n])] for n in changed]}


def _binary(array, dtype, headers=None):
    data = np.ascontiguousarray(array, dtype).tobytes()
    return Response(data, headers=headers, media_type="application/octet-stream")
