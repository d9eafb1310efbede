"""What the server does and gives of a training on what was decided."""

from typing import Annotated

from fastapi import HTTPException
from fastapi.responses import Response
from pydantic import BaseModel, Field

from keras_vabc.review.comparing import sample_picture
from keras_vabc.review.table_rows import as_cells


class Place(BaseModel):
    """Name of the folder of the new run, beside that of the run."""

    name: Annotated[str, Field(min_length=1, max_length=100)]


def add_retraining(app, desk):
    """Adds the addresses of a `Retraining`."""
    training = desk.retraining

    @app.get("/api/retrain")
    def told():
        desk.state.refresh()
        own = training.told()
        if own["compared"]:
            own["compared"] = own["compared"] | {"samples": _shown(desk, own["compared"])}
        return own

    @app.post("/api/retrain")
    def start(place: Place):
        desk.state.refresh()
        try:
            training.start(place.name)
        except (ValueError, OSError) as error:
            raise HTTPException(409, str(error)) from None
        return told()

    @app.post("/api/retrain/stop")
    def stop():
        training.stop()
        return told()

    @app.get("/api/retrain/sample/{which}/{number}")
    def picture(which: int, number: int):
        compared = training.told()["compared"]
        if desk.pictures is None or not compared or min(which, number) < 0:
            raise HTTPException(404)
        try:
            data = sample_picture(compared, desk.run, which, number)
        except IndexError:
            raise HTTPException(404) from None
        return Response(data, media_type="image/png")


def _shown(desk, compared):
    """Cells of samples of a table; of pictures their number."""
    if desk.rows is None:
        return [len(own) for own in compared["samples"]]
    return [as_cells(desk.run, own) if len(own) else [] for own in compared["samples"]]
