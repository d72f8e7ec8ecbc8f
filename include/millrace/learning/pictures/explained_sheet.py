"""`draw_explained`: explained pictures, their maps laid over them; `draw_checks`: their checks.

What failed its check is not drawn: its sentence stands instead.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.colors import LinearSegmentedColormap
from PIL import Image

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import Images, image_shape, read_schema
from millrace.learning.evaluation.pictures import pixels
from millrace.learning.evaluation.plots.figure import BLUE, ORANGE, plain, plain_end
from millrace.learning.evaluation.plots.sheet import Bar, Tile, draw_sheet
from millrace.learning.evaluation.rows import take_rows
from millrace.learning.pictures.explained import Explained, Explanations, Maps

_ACROSS = 3  # records a line
_CLEAR = 99.5  # percentile of a map's values that has the full colour
_OPAQUE = 0.85
_LARGE = 64  # pixels

_HEAT = LinearSegmentedColormap.from_list("heat", ["#000000", "#b2182b", "#fdae61", "#ffffbf"])
_SIGNED = LinearSegmentedColormap.from_list("signed", [BLUE, "#f7f7f7", ORANGE])
_BARS = {
    "cam": Bar(_HEAT, "Grad-CAM: where the evidence for the prediction lies", ("none", "most")),
    "gradients": Bar(
        _SIGNED, "Integrated gradients: what speaks for the prediction", ("against it", "for it")
    ),
}

Colours = npt.NDArray[np.float64]


def draw_explained(
    folder: Path, found: Explanations, mistakes: int, dataset: Artifact, channel: int | None = None
) -> None:
    """Draw ``explained_errors`` and ``explained_sample``, where there are such records and methods
    that are shown.

    Args:
        found: of records of the dataset. mistakes: how many of them, the first, were mistaken.
        channel: the only one to draw; None draws pictures as they are.
    """
    pictures = _pictures(found, dataset, channel)
    if pictures is None or not found.shown:
        return
    wrong, right = found.mistakes, found.rows - found.mistakes
    errors = f"{mistakes:,} of {wrong:,} mistakes about {found.split} records, explained"
    sample = f"{len(pictures) - mistakes:,} of {right:,} right answers, explained"
    parts = {
        "explained_errors": (range(mistakes), errors),
        "explained_sample": (range(mistakes, len(pictures)), sample),
    }
    for name, (places, title) in parts.items():
        tiles = [tile for index in places for tile in _line(found, index, pictures[index])]
        if tiles:
            draw_sheet(
                folder / f"{name}.png",
                title,
                tiles,
                _ACROSS * (1 + len(found.shown)),
                notes=[*found.sentences(), *found.withheld()],
                bars=[_BARS[method] for method in found.shown],
            )


def draw_checks(path: Path, dataset: Artifact, bundle: Artifact, channel: int | None) -> None:
    """Draw maps beside those of the randomised networks, where the bundle has them of records of
    this dataset.

    Args:
        channel: the only one to draw; None draws pictures as they are.
    """
    found = Explanations.read(bundle)
    pictures = None if found is None else _pictures(found, dataset, channel)
    if found is None or pictures is None or not found.shown:
        return
    tiles: list[Tile] = []
    columns = 0
    for index, picture in enumerate(pictures):
        line = [Tile(picture, _caption(found.records[index]))]
        for name, method in found.shown.items():
            made = {"as learnt": name}
            made |= {f"random {c.what}": f"{name}_{c.what}" for c in method.checks}
            line += [
                Tile(_laid(picture, found.maps[key][index], name), (method.name, words))
                for words, key in made.items()
                if key in found.maps
            ]
        columns = len(line)
        tiles += line
    if tiles:
        draw_sheet(
            path,
            "Checks of the explanations: networks that learnt nothing must look otherwise",
            tiles,
            columns,
            notes=found.sentences(),
            bars=[_BARS[name] for name in found.shown],
        )


def _pictures(found: Explanations, dataset: Artifact, channel: int | None) -> list[Images] | None:
    """Return the pictures of the records, or None where the dataset is another one."""
    name = f"{found.split}.parquet"
    if not dataset.has(name):
        return None
    table = dataset.path(name)
    rows = take_rows(table, [one.row for one in found.records], ["image", "record_id"])
    if [row["record_id"] for row in rows] != [one.record_id for one in found.records]:
        return None
    shape = image_shape(read_schema(table))
    return [_seen(pixels(row["image"], shape), channel) for row in rows]


def _line(found: Explanations, index: int, picture: Images) -> list[Tile]:
    """Return a record and its maps."""
    one = found.records[index]
    tiles = [Tile(picture, _caption(one))]
    for name, method in found.shown.items():
        caption = (method.name, *_error(one, name))
        if found.believed(name, index):
            tiles.append(Tile(_laid(picture, found.maps[name][index], name), caption))
        else:
            tiles.append(Tile(None, caption, instead="not shown"))
    return tiles


def _seen(picture: Images, channel: int | None) -> Images:
    """Return a picture of one or three channels."""
    if channel is not None:
        return picture[..., channel : channel + 1]
    return picture if picture.shape[-1] in (1, 3) else picture[..., :1]


def _laid(picture: Images, values: Maps, name: str) -> Images:
    """Return a map laid over the grey picture, ``(height, width, 3)``."""
    height, width = picture.shape[:2]
    grey = np.repeat(picture.mean(axis=-1, keepdims=True) / 255, 3, axis=-1)
    image = Image.fromarray(values)
    if name == "gradients" and min(width, height) >= _LARGE:
        image = image.reduce(2)  # single pixels are too small to be seen
    sized = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    clear = float(np.percentile(np.abs(sized), _CLEAR if name == "gradients" else 100))
    shares = np.clip(sized / clear, -1, 1) if clear > 0 else np.zeros_like(sized)
    colours: Colours = _BARS[name].colours((1 + shares) / 2 if name == "gradients" else shares)
    cover = _OPAQUE * np.abs(shares)[..., None]
    made: Images = np.round(255 * ((1 - cover) * grey + cover * colours[..., :3])).astype(np.uint8)
    return made


def _caption(one: Explained) -> tuple[str, ...]:
    answer = f"{plain(one.predicted, 12)} {one.probability:.3f}"
    truth = "right" if one.label == one.predicted else f"truly {plain(one.label, 12)}"
    return (answer, truth, plain_end(one.record_id, 20))


def _error(one: Explained, name: str) -> tuple[str, ...]:
    if name != "gradients" or one.error is None:
        return ()
    return (f"leaves out {one.error:.1%}",)
