"""The stage `cards`: model card, data card and what was de-identified, as HTML and JSON files.

It finds out nothing new and decides nothing: it writes down what artifacts and the spec say. No
page asks the network for anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from millrace.artifacts.artifact import Artifact
from millrace.learning.carding.card import CardDocument
from millrace.learning.carding.data_card import data_card
from millrace.learning.carding.deidentification import deidentification_card, sentence
from millrace.learning.carding.model_card import model_card
from millrace.learning.carding.page import page
from millrace.privacy.certificate import FILE
from millrace.workflow.stage import StageContext, StageResult


def run(context: StageContext) -> StageResult:
    """Write ``model_card``, ``data_card`` and ``deidentification``, each ``.html`` and ``.json``.

    Args:
        context: roles ``dataset``, ``bundle``, ``evaluation``, ``collected``, all batches of the
            run, and ``explanations``, where there are such; params ``workflow``, what the spec
            says: see `model_card` and `data_card`.
    """
    workflow, dataset = context.params["workflow"], context.one("dataset")
    evaluation = context.one("evaluation")
    collected = context.inputs.get("collected", ())
    certificates = [_document(one, FILE) for one in collected if one.has(FILE)]
    certified = sentence(certificates, len(collected))
    cards = (
        model_card(
            workflow,
            _document(context.one("bundle"), "bundle.json"),
            evaluation,
            _document(evaluation, "report.json"),
            dataset.facts,
            context.optional("explanations"),
        ),
        data_card(workflow, dataset.facts, certified),
        deidentification_card(workflow["name"], certificates, len(collected)),
    )
    for card in cards:
        _write(context, card)
    facts = {"bundle": context.one("bundle").ref.digest, "deidentification": certified}
    return StageResult(kind="cards", facts=facts)


def _document(artifact: Artifact, name: str) -> Mapping[str, Any]:
    document: Mapping[str, Any] = json.loads(artifact.path(name).read_bytes())
    return document


def _write(context: StageContext, card: CardDocument) -> None:
    (context.output / f"{card.name}.json").write_text(card.to_json(), encoding="utf-8")
    (context.output / f"{card.name}.html").write_text(page(card), encoding="utf-8")
