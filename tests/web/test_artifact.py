"""The page of an artifact, and its files: only names that the manifest holds, never a path."""

from __future__ import annotations

import pytest

from millrace.artifacts.manifest import Manifest

HOSTILE = "<script>alert('x')</script>"
KEY, MADE = "a" * 64, "b" * 64
BAD_KEYS = ("a" * 63, "a" * 65, "A" * 64, "g" * 64, "..", "%2e%2e", "a" * 63 + "%0a", "%00" * 64)
BAD_NAMES = (
    "../../../../catalog.db",
    "..%2f..%2f..%2fcatalog.db",
    "%2e%2e/%2e%2e/catalog.db",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "C:%5cwindows",
    "unknown.png",
    "plots",
    "plots/",
    "plots/../report.json",
    "./report.json",
    "report.json%00",
    "",
)


@pytest.fixture
def artifact(installation):
    files = {
        "report.json": b'{"a": 1}',
        "plots/curve.png": b"\x89PNG",
        "page.html": b"<script>1</script>",
        "drawing.SVG": b"<svg onload='1'/>",
        "model.onnx": b"onnx",
    }
    made = installation.artifact(KEY, "evaluation", files, label=HOSTILE)
    run = installation.start()
    installation.execute(run, "evaluate", made)
    installation.execute(
        run, "gate", installation.artifact(MADE, "decision", {}), {"evaluation": made}
    )
    return made


def test_a_page_shows_the_manifest_and_its_use(client, artifact) -> None:
    text = client.get(f"/artifacts/{KEY}").text
    assert artifact.manifest.digest in text
    assert f'href="/millrace/artifacts/{KEY}/files/plots/curve.png"' in text
    assert f'href="/millrace/artifacts/{MADE}"' in text
    assert "<script" not in text


def test_a_page_leads_back_to_what_it_was_made_from(client, artifact) -> None:
    text = client.get(f"/artifacts/{MADE}").text
    assert f'href="/millrace/artifacts/{KEY}"' in text
    assert "Nothing yet" in text


@pytest.mark.parametrize("key", BAD_KEYS)
@pytest.mark.parametrize("end", ["", "/files/report.json"])
def test_a_bad_key_is_not_found(client, artifact, key: str, end: str) -> None:
    assert client.get(f"/artifacts/{key}{end}").status_code == 404


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_that_the_manifest_does_not_hold_is_not_found(client, artifact, name: str) -> None:
    assert client.get(f"/artifacts/{KEY}/files/{name}").status_code == 404


def test_a_picture_is_shown_in_place(client, artifact) -> None:
    answer = client.get(f"/artifacts/{KEY}/files/plots/curve.png")
    assert (answer.content, answer.headers["content-type"]) == (b"\x89PNG", "image/png")
    assert answer.headers["content-disposition"] == 'inline; filename="curve.png"'


@pytest.mark.parametrize("name", ["page.html", "drawing.SVG", "model.onnx"])
def test_what_a_browser_could_run_is_only_saved(client, artifact, name: str) -> None:
    answer = client.get(f"/artifacts/{KEY}/files/{name}")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert answer.headers["content-security-policy"].startswith("sandbox;")


def test_a_damaged_object_is_never_served(client, artifact, installation) -> None:
    entry = artifact.manifest.files["report.json"]
    path = installation.store.local_root / "objects" / entry.sha256[:2] / entry.sha256
    path.chmod(0o644)
    path.write_bytes(b'{"a": 2}')
    answer = client.get(f"/artifacts/{KEY}/files/report.json")
    assert answer.status_code == 500
    assert "an object is damaged" in answer.text
    assert '"a": 2' not in answer.text


def test_an_artifact_that_no_readable_run_made_or_used_is_not_found(client, installation) -> None:
    hidden = installation.artifact(KEY, "dataset", {"train.parquet": b"p"})
    assert client.get(f"/artifacts/{KEY}").status_code == 404
    installation.execute(installation.start(dag_id="secret"), "integrate", hidden)
    assert client.get(f"/artifacts/{KEY}").status_code == 404
    assert client.get(f"/artifacts/{KEY}/files/train.parquet").status_code == 404


def test_an_equal_artifact_of_another_dag_is_not_found_by_its_key(client, installation) -> None:
    seen = installation.artifact(KEY, "dataset", {"train.parquet": b"p"})
    same = installation.artifact(MADE, "dataset", {"train.parquet": b"p"})
    installation.execute(installation.start(), "integrate", seen)
    installation.execute(installation.start(dag_id="secret"), "integrate", same)
    assert seen.manifest.digest == same.manifest.digest
    assert client.get(f"/artifacts/{KEY}").status_code == 200
    assert client.get(f"/artifacts/{MADE}").status_code == 404


def test_lineage_names_no_run_of_a_dag_that_may_not_be_read(client, artifact, installation) -> None:
    secret = installation.start("secret run", dag_id="secret")
    installation.execute(secret, "predict", None, {"records": artifact})
    assert "secret" not in client.get(f"/artifacts/{KEY}").text


def test_what_is_made_of_identified_input_is_named_and_not_shown(client, installation) -> None:
    path = installation.folder / "page"
    path.write_text("Jane Doe")
    manifest = Manifest(
        "records",
        "c" * 64,
        {"page.txt": installation.store.put(path)},
        {"name": "Jane Doe"},
        key_parts={"found": "Jane Doe"},
        sensitivity="identified",
    )
    run = installation.start()
    installation.execute(run, "clean", installation.store.publish(manifest))
    page = client.get(f"/artifacts/{'c' * 64}")
    assert (page.status_code, "identified" in page.text, "Jane" in page.text) == (200, True, False)
    file = client.get(f"/artifacts/{'c' * 64}/files/page.txt")
    assert (file.status_code, "is refused" in file.text, "Jane" in file.text) == (403, True, False)


@pytest.mark.parametrize(("kind", "shown"), [("cards", True), ("dataset", False)])
def test_a_card_is_shown_with_its_own_style_and_nothing_else_of_html_is(
    client, installation, kind, shown
):
    run = installation.start()
    made = installation.artifact("c" * 64, kind, {"model_card.html": b"<p>card</p>"})
    installation.execute(run, "cards", made)
    answer = client.get(f"/artifacts/{'c' * 64}/files/model_card.html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox; default-src 'none'")
    assert "script" not in policy
    assert ("style-src 'unsafe-inline'" in policy) is shown
    inline = answer.headers["content-disposition"].startswith("inline")
    assert inline is shown
    assert answer.headers["content-type"].startswith("text/html") is shown
