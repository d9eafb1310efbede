"""The pages themselves, made of templates."""

import jinja2
import numpy as np
from fastapi.responses import HTMLResponse, RedirectResponse

from keras_vabc.pages.console import plain
from keras_vabc.pages.page import templates
from keras_vabc.pages.run_page import sections
from keras_vabc.review.access import FIRST_PAGE
from keras_vabc.review.remaining import PAGE
from keras_vabc.review.samples import DRAWN, SHOWN
from keras_vabc.review.table_rows import names_of_cells

PAGES = {  # of the menu, in its order
    "/overview": "Overview",
    FIRST_PAGE: "Review",
    "/retrain": "Retrain",
    "/samples": "Samples",
}


def add_pages(app, desk):
    """Adds the pages of the menu."""
    environment = templates()
    own = jinja2.PackageLoader("keras_vabc.review", "templates")
    environment.loader = jinja2.ChoiceLoader([own, environment.loader])
    title = "run" if desk.run.folder is None else plain(desk.run.folder.resolve().name)

    def page(path, **more):
        name = f"{path.strip('/')}.html"
        how = {"title": title, "menu": PAGES, "here": path, **more}
        return HTMLResponse(environment.get_template(name).render(how))

    @app.get("/")
    def first():
        return RedirectResponse(FIRST_PAGE, 303)

    @app.get("/review")
    def review():
        return page("/review", config=_review_config(desk), notes=desk.items.notes)

    @app.get("/samples")
    def samples():
        return page("/samples", config=_samples_config(desk))

    @app.get("/retrain")
    def retrain():
        return page("/retrain", config=_samples_config(desk))

    @app.get("/overview")
    def overview():
        with desk.working:
            desk.refresh()
            return page("/overview", sections=sections(desk.run, desk.show_unwanted))


def _review_config(desk):
    """What the script of the page needs to know."""
    return _blurring(desk) | {
        "items": len(desk.items),
        "page": PAGE,
        "columns": None if desk.rows is None else desk.rows.names,
        "score": desk.run.score_name,
    }


def _samples_config(desk):
    return _blurring(desk) | {
        "drawn": DRAWN,
        "shown": SHOWN,
        "columns": None if desk.rows is None else names_of_cells(desk.run),
        "itemColumns": None if desk.rows is None else desk.rows.names,
        "nearest": desk.is_unlabeled,
    }


def _blurring(desk):
    above = desk.blurred_above
    finite = above if np.isfinite(above) else None
    return {"blurredAbove": finite, "showUnwanted": desk.show_unwanted}
