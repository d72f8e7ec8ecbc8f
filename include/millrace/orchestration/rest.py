"""`AirflowClient`: the few calls of Airflow's public REST API that Millrace needs.

It speaks with any Airflow 3, embedded or not, and turns every failure into a sentence. It knows no
workflow and draws nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import httpx

from millrace.errors import MillraceError, SpecError, TransientError

_PAGE = 100  # rows; Airflow's limit
_RUN_AFTER_LAG = timedelta(seconds=2)

Document = dict[str, Any]


class AirflowClient:
    """A session with an Airflow API server.

    Args:
        url: of the server, without a path.
        user, password: exchanged for a token at the first call, and again when it expires.
        timeout: seconds for one call.
    """

    def __init__(self, url: str, user: str, password: str, *, timeout: float = 90.0) -> None:
        self.url = url.rstrip("/")
        self._credentials = {"username": user, "password": password}
        self._http = httpx.Client(base_url=self.url, timeout=timeout, trust_env=False)
        self._token: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # the server

    def health(self) -> Document:
        """Return the health of the components; needs no login."""
        return self._json(self._send("GET", "/api/v2/monitor/health"))

    def warm_up(self) -> None:
        """Make the server build the API that tasks call, which takes seconds the first time."""
        self._send("GET", "/execution/health")

    def ensure_pool(self, name: str, slots: int, description: str) -> None:
        """Make the pool, or give it this many slots; write nothing where it has them."""
        pool = {"slots": slots, "description": description, "include_deferred": False}
        response = self._call("GET", f"/pools/{name}", accept=(404,))
        if response.status_code == httpx.codes.NOT_FOUND:
            self._call("POST", "/pools", {"name": name, **pool}, accept=(409,))
        elif self._json(response).get("slots") != slots:
            self._call("PATCH", f"/pools/{name}", {"pool": name, **pool})

    # DAGs

    def dags(self) -> list[Document]:
        """Return the DAGs that the server knows and that still exist."""
        return list(self._pages("/dags", "dags"))

    def dag(self, dag_id: str) -> Document:
        """Return one DAG; raise `SpecError` where there is none."""
        response = self._call("GET", f"/dags/{dag_id}", accept=(404,))
        if response.status_code != httpx.codes.NOT_FOUND:
            return self._json(response)
        raise SpecError(
            "Airflow has no such DAG",
            where=self.url,
            expected=", ".join(sorted(str(dag["dag_id"]) for dag in self.dags())) or "a DAG",
            received=dag_id,
            remedy="`millrace status` names the DAG files that could not be loaded.",
        )

    def import_errors(self) -> list[Document]:
        """Return the DAG files that could not be loaded, with their traceback."""
        return list(self._pages("/importErrors", "import_errors"))

    def unpause(self, dag_id: str) -> None:
        """Let the DAG's runs start."""
        self._call("PATCH", f"/dags/{dag_id}?update_mask=is_paused", {"is_paused": False})

    # runs

    def trigger(self, dag_id: str, conf: Mapping[str, Any], run_id: str | None = None) -> Document:
        """Start a run and return it.

        The run has no logical date, so that runs never collide; it is due a moment ago, because
        SQLite's clock counts whole seconds and a run due now would wait for the next one.

        Raises:
            SpecError: there is no such DAG, or a parameter was refused.
        """
        due = datetime.now(UTC) - _RUN_AFTER_LAG
        body: Document = {
            "logical_date": None,
            "run_after": due.isoformat(),
            "conf": dict(conf),
        }
        if run_id is not None:
            body["dag_run_id"] = run_id
        return self._json(self._call("POST", f"/dags/{dag_id}/dagRuns", body))

    def run(self, dag_id: str, run_id: str) -> Document:
        """Return a run; its ``state`` ends as ``success`` or ``failed``."""
        return self._json(self._call("GET", f"/dags/{dag_id}/dagRuns/{run_id}"))

    def active_runs(self) -> list[Document]:
        """Return the runs of all DAGs that wait or run."""
        return list(self._pages("/dags/~/dagRuns?state=running&state=queued", "dag_runs"))

    def task_instances(self, dag_id: str, run_id: str) -> list[Document]:
        """Return a run's task instances, mapped ones each by itself."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances"
        return list(self._pages(path, "task_instances"))

    def answer(self, dag_id: str, run_id: str, task_id: str, *, approved: bool) -> None:
        """Answer a task that waits for a person.

        Raises:
            SpecError: it does not wait, has been answered, or the user may not answer.
        """
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        chosen = ["Approve" if approved else "Reject"]
        self._call("PATCH", path, {"chosen_options": chosen, "params_input": {}})

    def update_asset(self, name: str, extra: Mapping[str, Any]) -> bool:
        """Say that an asset changed, which starts what is scheduled on it.

        Returns:
            Whether any DAG knows an asset of that name.
        """
        assets = self._pages(f"/assets?name_pattern={name}", "assets")
        found = [asset["id"] for asset in assets if asset["name"] == name]
        for identity in found:
            self._call("POST", "/assets/events", {"asset_id": identity, "extra": dict(extra)})
        return bool(found)

    def log(self, dag_id: str, run_id: str, task_id: str, map_index: int, attempt: int) -> str:
        """Return a task's log as text."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}"
        response = self._call("GET", f"{path}?map_index={map_index}&full_content=true")
        content = self._json(response).get("content", [])
        if isinstance(content, str):
            return content
        return "\n".join(str(line.get("event", line)) for line in content)

    # the wire

    def _pages(self, path: str, field: str) -> Iterator[Document]:
        offset = 0
        glue = "&" if "?" in path else "?"
        while True:
            response = self._call("GET", f"{path}{glue}limit={_PAGE}&offset={offset}")
            page = self._json(response).get(field, [])
            yield from page
            offset += _PAGE
            if len(page) < _PAGE:
                return

    def _call(
        self, method: str, path: str, body: Any = None, accept: tuple[int, ...] = ()
    ) -> httpx.Response:
        """Send an authorised request; log in first, and again where the token has expired."""
        response = self._authorised(method, path, body)
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._token = None
            response = self._authorised(method, path, body)
        if response.is_success or response.status_code in accept:
            return response
        raise _refusal(response)

    def _authorised(self, method: str, path: str, body: Any) -> httpx.Response:
        if self._token is None:
            self._token = self._log_in()
        headers = {"Authorization": f"Bearer {self._token}"}
        return self._send(method, f"/api/v2{path}", json=body, headers=headers)

    def _log_in(self) -> str:
        response = self._send("POST", "/auth/token", json=self._credentials)
        if response.is_success:
            return str(self._json(response)["access_token"])
        raise SpecError(
            "Airflow refused the login",
            where=self.url,
            received=f"status {response.status_code} for the user {self._credentials['username']}",
            remedy="`millrace down` and `millrace up` set the password again.",
        )

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise TransientError(
                "Airflow does not answer",
                where=self.url,
                received=str(error) or type(error).__name__,
                remedy="Start it with `millrace up`; look at it with `millrace status`.",
            ) from error

    def _json(self, response: httpx.Response) -> Document:
        try:
            document = response.json()
        except ValueError:
            document = None
        if response.is_success and isinstance(document, dict):
            return document
        raise TransientError(
            "the answer does not come from Airflow",
            where=response.request.url,
            expected="a JSON document",
            received=f"status {response.status_code}: {response.text}",
            remedy="Is another program listening on this port?",
        )


def _refusal(response: httpx.Response) -> MillraceError:
    """Return Airflow's refusal as an error: 4xx cannot be helped by a retry, the rest may."""
    kind = SpecError if response.is_client_error else TransientError
    try:
        document = response.json()
    except ValueError:
        document = {}
    detail = document.get("detail") if isinstance(document, dict) else None
    return kind(
        "Airflow refused the request",
        where=f"{response.request.method} {response.request.url.path}",
        received=f"status {response.status_code}: {_sentence(detail) or response.text}",
    )


def _sentence(detail: object) -> str:
    """Return the `detail` of an answer as text; validation errors come as a list of documents."""
    if isinstance(detail, list):
        return "; ".join(
            f"{'.'.join(map(str, item.get('loc', ())))}: {item.get('msg')}" for item in detail
        )
    return str(detail or "")
