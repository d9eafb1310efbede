"""A contact sheet: items to look at, pictures or rows, by their names."""

from keras_vabc.pages.page import templates


def render_sheet(title, notes, items, head, files, own):
    """HTML of a sheet.

    Args:
        title: Its title.
        notes: Paragraphs above the items.
        items: Pairs of a name and the path of a picture; or, with a `head`, its cells.
        head: `None`, or names of the columns of rows.
        files: Names of all sheets of these items, in their order.
        own: The name of this one.
    """
    told = {"title": title, "notes": notes, "items": items, "head": head}
    return templates().get_template("contact_sheet.html").render(**told, files=files, own=own)
