"""`PictureLearning`: the modality `image` of learning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from millrace.artifacts.artifact import Artifact
from millrace.artifacts.tables import image_shape, read_table
from millrace.learning.evaluation.outcomes import Outcomes
from millrace.learning.pictures.classical import ClassicalModel
from millrace.learning.pictures.encoder import PixelEncoder, pixel_encoder
from millrace.learning.target import Target
from millrace.workflow.learning import Baseline

if TYPE_CHECKING:
    from millrace.learning.evaluation.examples import Asked
    from millrace.learning.pictures.learnt import LearntPictures

Params = Mapping[str, Any]


class PictureLearning:
    """See `millrace.learning.modality.LearningModality`.

    Attributes:
        channel: the only one that people look at; None shows pictures as they are.
    """

    channel: ClassVar[int | None] = None

    def encoder(self, document: Params) -> PixelEncoder:
        """Return what takes pictures as they are."""
        return pixel_encoder(document)

    def learn(
        self, training: Path, records: Params, params: Params, target: Target | None = None
    ) -> LearntPictures:
        """Learn the mean and the spread of the pixels."""
        from millrace.learning.pictures.learnt import LearntPictures
        from millrace.learning.pictures.normalisation import pixel_histogram
        from millrace.workflow.images import ImageAugmentation

        del target  # classes
        encoder = PixelEncoder(records["shape"])
        images = (encoder(table) for table in read_table(training, ["image"]))
        histogram = pixel_histogram(images, encoder.shape[2])
        return LearntPictures.of(encoder, histogram, ImageAugmentation(**params["augment"]))

    def rival(self, baseline: Params, target: Target) -> PictureRival:
        """Return a classifier of pixels."""
        return PictureRival(Baseline(**baseline).kind, target.units)

    def draw(self, folder: Path, outcomes: Outcomes, dataset: Artifact, bundle: Artifact) -> None:
        """Draw sheets of pictures."""
        from millrace.learning.pictures.explained_sheet import draw_checks
        from millrace.learning.pictures.samples import draw_errors, draw_quarantine, draw_samples

        errors, test = folder / "misclassified.png", dataset.path("test.parquet")
        draw_errors(errors, test, outcomes, self.channel)
        if dataset.has("train.parquet"):
            samples, training = folder / "samples.png", dataset.path("train.parquet")
            draw_samples(samples, training, outcomes.labels, self.channel)
        if dataset.has("quarantine.parquet"):
            draw_quarantine(folder / "quarantine.png", dataset.path("quarantine.parquet"))
        draw_checks(folder / "explanation_checks.png", dataset, bundle, self.channel)

    def explain(
        self,
        folder: Path,
        dataset: Artifact,
        bundle: Artifact,
        asked: Asked,
        scratch: Path,
        report: Callable[[Params], None],
    ) -> list[str]:
        """Make maps of test pictures by the methods that passed their checks, and draw them."""
        from millrace.learning.pictures.explained_sheet import draw_explained
        from millrace.learning.pictures.explaining import explained

        found = explained(dataset, bundle, asked, scratch, report)
        found.write(folder)
        plots = folder / "plots"
        plots.mkdir()
        draw_explained(plots, found, len(asked.mistakes), dataset, self.channel)
        return [asked.sentence(), *found.sentences(), *found.withheld()]

    def draw_refused(self, path: Path, title: str, refused: Sequence[Mapping[str, Any]]) -> None:
        """Draw refused records onto a sheet."""
        from millrace.learning.pictures.refused import draw_refused_pictures

        draw_refused_pictures(path, title, refused)


class PictureRival:
    """`ClassicalModel` over tables."""

    columns: ClassVar[Sequence[str]] = ("image",)

    def __init__(self, kind: str, classes: int) -> None:
        self._model = ClassicalModel(kind, classes)

    def fit(self, records: pa.Table, classes: npt.NDArray[np.int32]) -> None:
        """Fit on pictures of at least two classes."""
        self._model.fit(_encoder(records)(records), classes)

    def predict(self, records: pa.Table) -> npt.NDArray[np.float32]:
        """Return probabilities ``(rows, classes)``."""
        return self._model.predict(_encoder(records)(records))


def _encoder(records: pa.Table) -> PixelEncoder:
    return PixelEncoder(image_shape(records.schema))
