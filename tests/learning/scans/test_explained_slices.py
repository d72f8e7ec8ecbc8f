"""Explanations of slices begin at the grey that says nothing, of each channel."""

from __future__ import annotations

import numpy as np
import pytest

from folder_files import FolderFiles
from millrace.learning.dataset import DatasetSplit
from millrace.learning.pictures.encoder import PixelEncoder
from millrace.learning.pictures.explained import Explanations
from millrace.workflow.ct import CtAugmentation
from millrace.workflow.ct_models import CtResnetModel

pytestmark = pytest.mark.tensorflow

SHAPE = (8, 8, 1)


@pytest.mark.parametrize(("kind", "grey"), [("window", 0), ("contrast", 128), ("mirror", 128)])
def test_the_baseline_of_a_channel_is_its_neutral_grey(dataset, tmp_path, kind, grey):
    from millrace.learning.networks.ct_resnet import build
    from millrace.learning.pictures.normalisation import Normalisation
    from millrace.learning.scans.learnt import LearntScans

    histogram = np.zeros((1, 256), np.int64)
    histogram[0, [0, 255]] = 1
    encoder = PixelEncoder(SHAPE)
    learnt = LearntScans(encoder, Normalisation.of(histogram), CtAugmentation(), kinds=(kind,))
    model = CtResnetModel(kind="ct_resnet", width=2, stages=1)
    classifier = learnt.classifier(build(SHAPE, 3, width=2, stages=1), model)
    learnt.explain(classifier, DatasetSplit.of(dataset, "validation", encoder), tmp_path, None)
    found = Explanations.read(FolderFiles(tmp_path))
    assert found.baseline == [grey]
    assert found.gradients.error < 0.1
