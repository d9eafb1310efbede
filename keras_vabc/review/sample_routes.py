"""What the server gives of samples."""

from typing import Annotated

from fastapi import HTTPException, Query
from fastapi.responses import Response

from keras_vabc.data.ranges import WHOLE
from keras_vabc.review.pictures import Kept, of_row
from keras_vabc.review.samples import DRAWN, SHOWN, Samples
from keras_vabc.review.table_rows import as_cells

Seed = Annotated[int, Query(ge=0, le=WHOLE["seed"][1])]


def add_samples(app, desk):
    """Adds the addresses of samples."""
    samples = Samples(desk)
    pictures = Kept(lambda key: of_row(samples.drawn(key[0]).rows[key[1]], desk.run.spec))

    @app.get("/api/samples")
    def told(seed: Seed = 0):
        with desk.working:
            return samples.told(seed)

    @app.get("/api/sample/{seed}/{number}")
    def picture(seed: int, number: int):
        if desk.pictures is None or not 0 <= seed <= WHOLE["seed"][1] or not 0 <= number < DRAWN:
            raise HTTPException(404)
        with desk.working:
            return Response(pictures((seed, number)), media_type="image/png")

    @app.get("/api/nearest")
    def nearest(numbers: str, seed: Seed = 0):
        with desk.working:
            found = samples.nearest(seed, _numbers(numbers))
        return [
            None if own is None else {"number": own, "blurred": desk.is_blurred(own)}
            for own in found
        ]

    @app.get("/api/sample-rows")
    def rows(numbers: str, seed: Seed = 0):
        if desk.rows is None:
            raise HTTPException(404)
        with desk.working:
            return as_cells(desk.run, samples.drawn(seed).rows[_numbers(numbers)])


def _numbers(text):
    asked = text.split(",")[:SHOWN]
    if not all(own.isdecimal() and int(own) < DRAWN for own in asked):
        raise HTTPException(422, f"numbers must be below {DRAWN}.")
    return list(map(int, asked))
