"""`TextLearning`: the modality `text` of learning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from millrace.artifacts.artifact import Artifact
from millrace.learning.evaluation.outcomes import Outcomes
from millrace.learning.target import Target
from millrace.learning.texts.classical import ClassicalText
from millrace.learning.texts.encoder import TokenEncoder, token_encoder
from millrace.learning.texts.tfidf import TfidfEncoder, tfidf_encoder
from millrace.workflow.text_models import TextBaseline, Tokens
from millrace.workflow.texts import TextAugmentation

if TYPE_CHECKING:
    from millrace.learning.texts.learnt import LearntTexts

Params = Mapping[str, Any]


class TextLearning:
    """See `millrace.learning.modality.LearningModality`."""

    def encoder(self, document: Params) -> TokenEncoder | TfidfEncoder:
        """Return what numbers the words of texts, or weighs their terms."""
        if document["name"] == TfidfEncoder.name:
            return tfidf_encoder(document)
        return token_encoder(document)

    def learn(
        self, training: Path, records: Params, params: Params, target: Target | None = None
    ) -> LearntTexts:
        """Learn the vocabulary, and how long texts are."""
        from millrace.learning.texts.learnt import LearntTexts

        del records, target  # classes
        tokens = Tokens(**params["model"].get("tokens", {}))
        return LearntTexts.of(training, tokens, TextAugmentation(**params["augment"]))

    def rival(self, baseline: Params, target: Target) -> ClassicalText:
        """Return a linear classifier of tf-idf."""
        return ClassicalText(TextBaseline(**baseline).kind, target.units)

    def draw(self, folder: Path, outcomes: Outcomes, dataset: Artifact, bundle: Artifact) -> None:
        """Draw texts with the words that decided coloured."""
        from millrace.learning.texts.samples import draw_texts

        draw_texts(folder, outcomes, dataset, bundle)

    def draw_refused(self, path: Path, title: str, refused: Sequence[Mapping[str, Any]]) -> None:
        """Draw refused records onto a sheet."""
        from millrace.learning.texts.refused import draw_refused_texts

        draw_refused_texts(path, title, refused)
