"""Tasks in Kubernetes pods: Airflow's operator and the real client against a pod API that runs."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import certificates
import pod_jobs
import small_jobs
from millrace.artifacts.artifact import Artifact
from millrace.artifacts.store import Store
from millrace.errors import DataError, MillraceError, SpecError, TransientError
from millrace.jobs.locks import key_lock
from millrace.jobs.progress import ProgressWriter
from millrace.jobs.runtimes.process import run_process
from millrace.settings import Settings
from pod_jobs import Cluster

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("default"),  # Airflow and what it imports warn of themselves
]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    with pod_jobs.cluster(tmp_path, monkeypatch) as made:
        yield made


def test_a_pod_publishes_what_it_made_and_is_gone(cluster: Cluster) -> None:
    artifact = cluster.perform()
    assert artifact.ref.rows == 3
    assert len(cluster.api.created) == 1
    cluster.await_gone()


def test_a_pod_makes_the_same_bytes_as_a_local_process(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "code"))
    local = Store((tmp_path / "local").as_uri())
    request = small_jobs.request_for()
    expected = run_process(request, local, tmp_path / "scratch", lambda event: None)
    assert cluster.perform().ref.digest == expected.ref.digest


@pytest.mark.parametrize(
    ("do", "kind", "text"),
    [
        ("spec", SpecError, "a.bin: there is no such file"),
        ("data", DataError, "a.bin: the file is torn. Fetch it again."),
        ("later", TransientError, "the disk is busy"),
        ("bug", MillraceError, "pod ended with code 70"),
        ("die", TransientError, "pod was killed by signal 9"),
    ],
)
def test_a_jobs_failure_arrives_as_its_kind(
    cluster: Cluster, do: str, kind: type[MillraceError], text: str
) -> None:
    with pytest.raises(kind) as caught:
        cluster.perform(do=do)
    assert type(caught.value) is kind
    assert re.search(text, str(caught.value), re.DOTALL)


def test_a_pod_has_no_sidecar_no_token_and_secrets_only_by_name(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MILLRACE_POD_SECRETS", "store-access")
    cluster.api.secrets["store-access"] = {"ACCESS": "planted-secret"}
    thread, came = cluster.perform_aside(do="wait", go=str(cluster.folder / "go"))
    document = cluster.running().document
    (cluster.folder / "go").touch()
    thread.join(pod_jobs.PATIENCE)
    assert came[0].ref.rows == 3
    assert [one["name"] for one in document["spec"]["containers"]] == ["base"]
    assert document["spec"]["automountServiceAccountToken"] is False
    assert "planted-secret" not in json.dumps(document)
    assert cluster.step.do_xcom_push is True


def test_progress_arrives_while_the_pod_runs(cluster: Cluster) -> None:
    thread, came = cluster.perform_aside(do="wait", go=str(cluster.folder / "go"))
    request = small_jobs.request_for("wait", options={"go": str(cluster.folder / "go")})
    cluster.running()
    ProgressWriter(cluster.store, request.key, "collect")({"epoch": 1, "epochs": 2})
    deadline = time.monotonic() + pod_jobs.PATIENCE
    while not cluster.events and time.monotonic() < deadline:
        time.sleep(0.05)
    assert cluster.events[0]["epoch"] == 1
    (cluster.folder / "go").touch()
    thread.join(pod_jobs.PATIENCE)
    assert isinstance(came[0], Artifact)


def test_a_pod_that_vanishes_can_be_retried(cluster: Cluster) -> None:
    thread, came = cluster.perform_aside(do="wait", go=str(cluster.folder / "go"))
    cluster.api.delete(cluster.running().name, 0)
    thread.join(pod_jobs.PATIENCE)
    assert isinstance(came[0], TransientError)
    (cluster.folder / "go").touch()
    assert cluster.perform(do="wait", go=str(cluster.folder / "go")).ref.rows == 3
    assert len(cluster.api.created) == 2


def test_a_log_that_breaks_off_is_followed_on(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    cluster.api.cuts = 2
    thread, came = cluster.perform_aside(do="wait", go=str(cluster.folder / "go"))
    cluster.running()
    deadline = time.monotonic() + pod_jobs.PATIENCE
    while len(cluster.api.logged) < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    (cluster.folder / "go").touch()
    thread.join(pod_jobs.PATIENCE)
    assert isinstance(came[0], Artifact)
    assert cluster.api.cuts == 0
    assert cluster.api.logged[1] is not None  # from where it was, not anew
    assert len(cluster.api.created) == 1


def test_of_two_launchers_one_makes_the_pod_and_both_take_its_result(cluster: Cluster) -> None:
    go = str(cluster.folder / "go")
    first, came = cluster.perform_aside(do="wait", go=go)
    cluster.running()
    second, also = cluster.perform_aside(do="wait", go=go, run="manual__2", attempt="2-1")
    deadline = time.monotonic() + pod_jobs.PATIENCE
    while len(cluster.api.logged) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    (cluster.folder / "go").touch()
    first.join(pod_jobs.PATIENCE)
    second.join(pod_jobs.PATIENCE)
    assert came[0].ref == also[0].ref
    assert len(cluster.api.created) == 1


def test_a_try_with_another_key_deletes_the_pod_of_the_old_one(cluster: Cluster) -> None:
    thread, came = cluster.perform_aside(do="wait", go=str(cluster.folder / "go"))
    cluster.running()
    assert cluster.perform(attempt="1-2").ref.rows == 3
    thread.join(pod_jobs.PATIENCE)
    assert isinstance(came[0], TransientError)
    cluster.await_gone()


def test_a_try_with_another_key_leaves_a_pod_that_others_want(cluster: Cluster) -> None:
    go = str(cluster.folder / "go")
    thread, came = cluster.perform_aside(do="wait", go=go)
    cluster.running()
    old = small_jobs.request_for("wait", options={"go": go})
    with key_lock(Settings.load().home / "locks", old.key):
        assert cluster.perform(attempt="1-2").ref.rows == 3
    (cluster.folder / "go").touch()
    thread.join(pod_jobs.PATIENCE)
    assert isinstance(came[0], Artifact)


def test_a_forced_job_does_not_attach_to_a_pod_whose_result_replaces_none(
    cluster: Cluster,
) -> None:
    go = cluster.folder / "go"
    thread, _ = cluster.perform_aside(do="wait", go=str(go))
    cluster.running()
    forced, also = cluster.perform_aside(do="wait", go=str(go), replace=True, run="manual__2")
    deadline = time.monotonic() + pod_jobs.PATIENCE
    while len(cluster.api.created) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    go.touch()
    thread.join(pod_jobs.PATIENCE)
    forced.join(pod_jobs.PATIENCE)
    assert isinstance(also[0], Artifact)
    assert len(cluster.api.created) == 2


@pytest.mark.parametrize(("attempt", "pods"), [("1-2", 1), ("2-1", 2)])
def test_a_forced_result_that_nobody_saw_is_taken_by_its_own_run_alone(
    cluster: Cluster, attempt: str, pods: int
) -> None:
    cluster.api.refuse["delete", 403] = 1
    cluster.perform(replace=True)
    assert cluster.perform(replace=True, attempt=attempt).ref.rows == 3
    assert len(cluster.api.created) == pods


def test_a_task_that_is_killed_after_its_job_deletes_no_pod(cluster: Cluster) -> None:
    go = cluster.folder / "go"
    go.touch()
    cluster.perform(do="wait", go=str(go))
    step = cluster.step
    go.unlink()
    thread, came = cluster.perform_aside(do="wait", go=str(go))
    cluster.running()
    document = cluster.running().document
    step.on_kill()
    assert "deletionTimestamp" not in document["metadata"]
    go.touch()
    thread.join(pod_jobs.PATIENCE)
    assert isinstance(came[0], Artifact)


class Deaf:
    """A task state that does not answer."""

    def get(self, name: str) -> None:
        raise RuntimeError("no")

    def set(self, name: str, value: object) -> None:
        raise RuntimeError("no")


def test_a_task_state_that_does_not_answer_disturbs_nothing(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_jobs, "State", lambda path: Deaf())
    assert cluster.perform().ref.rows == 3


def test_a_forced_job_does_not_take_an_old_pods_result(cluster: Cluster) -> None:
    cluster.api.refuse["delete", 403] = 1  # so that the pod stays
    first = cluster.perform()
    assert len(cluster.api.pods) == 1
    again = cluster.perform(replace=True)
    assert len(cluster.api.created) == 2
    assert again.ref.digest == first.ref.digest


def test_the_result_of_a_pod_that_nobody_waited_for_is_taken(cluster: Cluster) -> None:
    cluster.api.refuse["delete", 403] = 1
    cluster.perform()
    assert cluster.perform(attempt="1-2").ref.rows == 3
    assert len(cluster.api.created) == 1


def test_out_of_memory_is_said_with_the_limit(cluster: Cluster) -> None:
    cluster.api.reason = "OOMKilled"
    with pytest.raises(MillraceError, match=r"ran out of memory.*limit is 1536Mi.*memory_gib"):
        cluster.perform(do="die", resources={"memory_gib": 1.5})


def test_an_image_that_cannot_be_pulled_is_said_at_once(cluster: Cluster) -> None:
    cluster.api.waiting = {"reason": "ErrImagePull", "message": "manifest unknown"}
    with pytest.raises(
        SpecError, match=r"cannot pull the image millrace-trainer:cpu.*manifest unknown.*push it"
    ):
        cluster.perform()
    assert len(cluster.api.created) == 1


def test_a_pod_that_no_node_takes_names_what_it_asked_for(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_POD_STARTUP", "2")
    cluster.api.unschedulable = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
    with pytest.raises(
        TransientError, match=r"within 2 s.*nvidia.com/gpu 2.*label disk=ssd.*0/3 nodes"
    ):
        cluster.perform(resources={"gpus": 2, "node_selector": {"disk": "ssd"}})


@pytest.mark.parametrize(
    ("call", "status", "kind", "text"),
    [
        ("pods", 401, SpecError, "does not accept the credentials"),
        ("create", 403, SpecError, r"forbids it.*rbac\.yaml"),
        ("pods/log", 403, SpecError, "forbids it"),
        ("create", 422, SpecError, "refuses the pod"),
        ("pods", 500, TransientError, "cannot do it now"),
    ],
)
def test_a_refusal_of_the_cluster_says_what_to_do(
    cluster: Cluster,
    monkeypatch: pytest.MonkeyPatch,
    call: str,
    status: int,
    kind: type[MillraceError],
    text: str,
) -> None:
    cluster.api.refuse[call, status] = 1000
    monkeypatch.setenv("MILLRACE_POD_PATIENCE", "1")
    with pytest.raises(kind, match=text):
        cluster.perform()


def test_a_task_that_may_not_read_logs_leaves_no_pod_behind(cluster: Cluster) -> None:
    cluster.api.refuse["pods/log", 403] = 1
    with pytest.raises(SpecError, match="forbids it"):
        cluster.perform(do="wait")
    cluster.await_gone()


def test_an_api_that_fails_for_a_while_disturbs_nothing(cluster: Cluster) -> None:
    thread, came = cluster.perform_aside(do="wait", go=str(cluster.folder / "go"))
    pod = cluster.running()
    cluster.api.refuse["pods", 500] = 12
    cluster.api.refuse["pods/log", 500] = 2
    cluster.api.cuts = 1
    deadline = time.monotonic() + pod_jobs.PATIENCE
    while cluster.api.refuse["pods", 500] and time.monotonic() < deadline:
        time.sleep(0.05)
    (cluster.folder / "go").touch()
    thread.join(pod_jobs.PATIENCE)
    assert isinstance(came[0], Artifact)
    assert pod.process is not None
    assert pod.process.returncode == 0
    assert len(cluster.api.created) == 1


def test_a_cluster_that_does_not_answer_is_a_reason_to_retry(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_POD_PATIENCE", "1")
    (cluster.folder / "kubeconfig.json").write_text(
        (cluster.folder / "kubeconfig.json")
        .read_text()
        .replace(cluster.api.url, "http://127.0.0.1:9")
    )
    with pytest.raises(TransientError, match="does not answer"):
        cluster.perform()


def test_a_cluster_over_tls_is_used_where_its_certificate_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, other = (certificates.make(tmp_path / name, name) for name in ("ours", "other"))
    with pod_jobs.cluster(tmp_path, monkeypatch, made) as cluster:
        assert cluster.perform().ref.rows == 3
        cluster.api.config(tmp_path, other.authority)
        with pytest.raises(SpecError, match=r"cannot be trusted.*certificate-authority"):
            cluster.perform(do="data", run="manual__2")
        assert len(cluster.api.created) == 1


def test_a_killed_task_deletes_its_pod(cluster: Cluster) -> None:
    thread, came = cluster.perform_aside(do="wait", go=str(cluster.folder / "go"))
    pod = cluster.running()
    cluster.step.on_kill()
    thread.join(pod_jobs.PATIENCE)
    assert isinstance(came[0], TransientError)
    assert pod.process is not None
    assert pod.process.wait(pod_jobs.PATIENCE) != 0
    cluster.await_gone()
