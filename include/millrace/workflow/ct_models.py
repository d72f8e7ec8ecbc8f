"""What a spec says of networks of CT slices."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, Tag

from millrace.workflow.base import CUSTOM, Value, tag_by_kind
from millrace.workflow.learning import CnnModel, CustomModel, MlpModel, Model


class Start(Value):
    """Weights to begin with instead of random ones.

    Whether they were learnt from records that are test records now, nobody can tell: reports warn.

    Attributes:
        uri: of a network that Keras wrote: ``model.keras`` of a bundle, any ``.keras`` file, or a
            ``.weights.h5`` file; may hold ``${VARIABLE:-default}``.
        sha256: hexadecimal digest of that file.
    """

    uri: str = Field(min_length=1)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class CtResnetModel(Model):
    """A small residual network (He et al. 2016) for some hundred slices and more.

    Attributes:
        width: channels of the first stage; doubled at every further stage.
        stages: of residual blocks; the first works at half the resolution, each further at half of
            the one before.
        blocks: residual blocks a stage.
        dropout: share of features dropped before the last layer, in training.
        mirror_average: predictions are averaged over the slice and its mirror image.
        start: weights to begin with; all but those of the last layer must fit. Null is random ones.
    """

    outside: ClassVar[frozenset[str]] = Model.outside | {"mirror_average", "start"}
    kind: Literal["ct_resnet"]
    width: Annotated[int, Field(ge=1, le=1024)] = 16
    stages: Annotated[int, Field(ge=1, le=6)] = 4
    blocks: Annotated[int, Field(ge=1, le=16)] = 1
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.2
    mirror_average: bool = True
    start: Start | None = None


AnyCtModel = Annotated[
    Annotated[CtResnetModel, Tag("ct_resnet")]
    | Annotated[CnnModel, Tag("cnn")]
    | Annotated[MlpModel, Tag("mlp")]
    | Annotated[CustomModel, Tag(CUSTOM)],
    Discriminator(tag_by_kind),
]
"""One of the models of CT slices; `kind` tells which."""
