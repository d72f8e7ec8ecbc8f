"""Cards: what comes from data is escaped, nothing is asked of the network, nothing is hidden."""

from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from PIL import Image

from millrace.learning import cards, evaluate
from millrace.learning.carding.deidentification import deidentification_card, sentence
from millrace.learning.carding.page import page
from millrace.privacy.certificate import Certificate

EVIL = '<script src="https://evil.example/x.js">alert(1)</script>'
NAMES = ("model_card", "data_card", "deidentification")


class Tags(HTMLParser):
    """Collects the tags of a page, and what they refer to."""

    def __init__(self):
        super().__init__()
        self.tags, self.addresses = set(), []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.addresses += [value for name, value in attrs if name in ("src", "href", "srcset")]


def workflow(**changes):
    facts = {
        "name": "ward",
        "description": "",
        "task": "image_classification",
        "modality": "image",
        "model": "cnn",
        "sources": [{"name": "s", "kind": "image_folder", "split": None}],
        "split": {"validation": 0.1, "test": 0.2, "group": "content", "seed": 7},
        "card": {"intended_use": "", "limits": [], "contact": ""},
    }
    return facts | changes


def certificate(passed=True):
    made = Certificate("basic", ["shifted dates"], "abcd")
    made.store({("PatientName", "removed"): 1, ("StudyDate", "shifted"): 1}, [("tags", passed)])
    made.withhold("burned_in")
    return made.to_document()


@pytest.fixture
def made(workshop, make_records):
    """Return a function that makes the cards of an evaluation."""

    def make(labels=("bird", "cat", "dog"), collected=(), explained=None, **changes):
        names = [labels[i] for i in (0, 1, 2, 2)]
        table = make_records([0, 1, 2, 1], names, ["east", "east", EVIL, EVIL])
        dataset = workshop.dataset(test=table, train=table)
        bundle = workshop.bundle(labels=labels, weights=None)
        params = {"modality": "image", "bootstrap": 20, "seed": 7}
        evaluation = workshop.keep(*workshop.run(evaluate, params, dataset=dataset, bundle=bundle))
        result, folder = workshop.run(
            cards,
            {"workflow": workflow(**changes)},
            dataset=dataset,
            bundle=bundle,
            evaluation=evaluation,
            collected=list(collected),
            explanations=explained and workshop.publish("explanations", *explained),
        )
        return result, folder

    return make


def test_labels_and_sources_with_html_are_text_and_nothing_is_asked_of_the_network(made):
    _, folder = made(labels=("bird", EVIL, "dog"), description=EVIL, name=EVIL)
    for name in NAMES:
        text = (folder / f"{name}.html").read_text()
        found = Tags()
        found.feed(text)
        assert not found.tags & {"script", "link", "iframe", "object", "embed", "base", "a", "form"}
        assert all(address.startswith("data:image/png;base64,") for address in found.addresses)
        assert "url(" not in text
        assert "@import" not in text
        assert EVIL not in text
    assert "&lt;script" in (folder / "model_card.html").read_text()


def test_every_card_is_json_too_with_its_figures(made):
    _, folder = made()
    documents = {name: json.loads((folder / f"{name}.json").read_bytes()) for name in NAMES}
    assert {one["format"] for one in documents.values()} == {1}
    figures = documents["model_card"]["data"]["evaluation"]["metrics"]
    assert figures["accuracy"]["value"] == 0.75
    assert documents["data_card"]["data"]["sources"][0]["name"] == "s"
    assert documents["deidentification"]["data"]["passed"] is None


def test_what_nobody_said_is_said_to_be_missing(made):
    text = (made()[1] / "model_card.html").read_text()
    assert "Not stated by whoever wrote the workflow" in text
    assert "medical device" not in text
    assert "rest on 4 test records" in text


def test_a_model_of_ct_says_first_that_it_is_no_medical_device(made):
    card = {"intended_use": "A demonstration.", "limits": ["Adults only."], "contact": "a@b.org"}
    _, folder = made(modality="ct", card=card)
    text = (folder / "model_card.html").read_text()
    assert text.index("This is not a medical device") < text.index("<h2>")
    for said in ("A demonstration.", "Adults only.", "a@b.org"):
        assert said in text


def test_figures_of_each_source_are_shown_where_there_are_several(made):
    tables = json.loads((made()[1] / "model_card.json").read_bytes())["sections"]
    (figures,) = [one for one in tables if one["title"] == "Figures"]
    sources = [table for table in figures["tables"] if table["header"][0] == "Source"]
    assert [row[1] for row in sources[0]["rows"]] == ["2", "2"]


def test_certificates_are_added_up_and_a_failed_one_is_told_first():
    card = deidentification_card("w", [certificate(), certificate(passed=False)], 3)
    assert card.data["passed"] is False
    assert card.data["attributes"]["PatientName"] == {"removed": 2}
    assert card.data["withheld"] == {"burned_in": 2}
    assert "2 of 3 batches" in card.notice
    assert "1 of them did not pass" in card.notice
    assert page(card).index("did not pass") < page(card).index("<h2>")


def test_a_run_without_certificates_does_not_claim_any():
    assert "No batch was de-identified" in sentence([], 5)
    assert "all checks passed: 1 records" in sentence([certificate()], 1)


def test_equal_inputs_give_equal_cards(made):
    (_, one), (_, two) = made(), made()
    for name in NAMES:
        assert (one / f"{name}.html").read_bytes() == (two / f"{name}.html").read_bytes()


def test_test_records_are_explained_with_what_the_checks_say(made, tmp_path):
    folder = tmp_path / "explained"
    (folder / "plots").mkdir(parents=True)
    Image.new("L", (2, 2)).save(folder / "plots" / "explained_errors.png")
    said = [f"Of 41 test records, 7 are explained. {EVIL}", "Grad-CAM is not shown: flat."]
    _, written = made(explained=(folder, {"sentences": said}))
    document = json.loads((written / "model_card.json").read_text())
    (section,) = [one for one in document["sections"] if one["title"] == "Explanations"]
    assert section["text"] == said
    text = (written / "model_card.html").read_text()
    assert "Test records that were mistaken, with what spoke for the predictions" in text
    assert EVIL not in text
