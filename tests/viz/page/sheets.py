"""The sheets of an atlas: many small images in one file, cut into cells again."""

import base64
import io

import numpy as np
from PIL import Image


def images_in(sheet, file=None):
    """Gray ones as (n, h, w), those in color as (n, h, w, 3); without `file`, from the data URI in the page."""
    file = base64.b64decode(sheet["src"].partition(",")[2]) if file is None else file
    grid = np.asarray(Image.open(io.BytesIO(file)))
    h, w = sheet["height"], sheet["width"]
    rows = grid.reshape(grid.shape[0] // h, h, -1, w, *grid.shape[2:])
    return rows.swapaxes(1, 2).reshape(-1, h, w, *grid.shape[2:])[: sheet["count"]]


def images_of(sprites, name):
    """The same for a sheet that is not in a page yet."""
    return images_in(sprites.sheets[name], sprites.files[sprites.sheets[name]["src"]])
