"""`draw_explained`: explained validation pictures, their maps laid over them, and the checks.

What failed its check is not drawn: its sentence stands instead.
"""

from __future__ import annotations

from collections.abc import Iterator
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
from millrace.learning.pictures.explained import Explained, Explanations, Maps, Method

_ACROSS = 3  # records a line
_CHECKED = 4  # records of the sheet of checks
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
    folder: Path, dataset: Artifact, bundle: Artifact, channel: int | None = None
) -> None:
    """Draw ``explained`` and ``explanation_checks``, where the bundle has explanations of records
    of this dataset.

    Args:
        channel: the only one to draw; None draws pictures as they are.
    """
    found = Explanations.read(bundle)
    name = "" if found is None else f"{found.split}.parquet"
    if found is None or not dataset.has(name):
        return
    table = dataset.path(name)
    rows = take_rows(table, [one.row for one in found.records], ["image", "record_id"])
    if [row["record_id"] for row in rows] != [one.record_id for one in found.records]:
        return  # it learnt from another dataset
    shape = image_shape(read_schema(table))
    pictures = [_seen(pixels(row["image"], shape), channel) for row in rows]
    _draw_records(folder / "explained.png", found, pictures)
    _draw_checks(folder / "explanation_checks.png", found, pictures)


def _draw_records(path: Path, found: Explanations, pictures: list[Images]) -> None:
    shown = list(_shown(found))
    tiles: list[Tile] = []
    for index, (one, picture) in enumerate(zip(found.records, pictures, strict=True)):
        tiles.append(Tile(picture, _caption(one)))
        tiles += [
            Tile(_laid(picture, found.maps[name][index], name), (method.name, *_error(one, name)))
            for name, method in shown
        ]
    mistakes = f"{found.mistakes:,} of {found.rows:,} {found.split} records were mistaken"
    draw_sheet(
        path,
        f"Explained: mistakes and some right answers ({mistakes})",
        tiles if shown else [],
        _ACROSS * (1 + len(shown)),
        notes=found.sentences(),
        bars=[_BARS[name] for name, _ in shown],
    )


def _draw_checks(path: Path, found: Explanations, pictures: list[Images]) -> None:
    """Draw maps beside those of the randomised networks."""
    shown = list(_shown(found))
    count = min([_CHECKED, len(pictures), *map(len, found.maps.values())])
    tiles: list[Tile] = []
    columns = 0
    for index, picture in enumerate(pictures[:count]):
        line = [Tile(picture, _caption(found.records[index]))]
        for name, method in shown:
            made = {"as learnt": name}
            made |= {f"random {c.what}": f"{name}_{c.what}" for c in method.checks}
            line += [
                Tile(_laid(picture, found.maps[key][index], name), (method.name, words))
                for words, key in made.items()
                if key in found.maps
            ]
        columns = len(line)
        tiles += line
    if not shown or not tiles:
        return
    draw_sheet(
        path,
        "Checks of the explanations: networks that learnt nothing must look otherwise",
        tiles,
        columns,
        notes=found.sentences(),
        bars=[_BARS[name] for name, _ in shown],
    )


def _shown(found: Explanations) -> Iterator[tuple[str, Method]]:
    methods = {"cam": found.cam, "gradients": found.gradients}
    yield from ((name, m) for name, m in methods.items() if m.refused is None)


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
