"""Shows Millrace's pages inside Airflow, behind its login. The only file that knows both of them.

Airflow leaves the apps of plugins open to anybody, and its security imports are not a stable API:
here they are wrapped. They cost 0.9 s, so only the API server imports them.
"""

import sys
from collections.abc import Callable
from typing import Any, ClassVar

from airflow.plugins_manager import AirflowPlugin

PREFIX = "/millrace"


class MillracePlugin(AirflowPlugin):
    """The pages, and the places of the UI that lead to them."""

    name = "millrace"
    external_views: ClassVar[list[Any]] = [
        {
            "name": "Millrace",
            "href": f"{PREFIX}/",
            "destination": "nav",
            "category": "browse",
            "url_route": "millrace",
        },
        {
            "name": "Report",
            "href": f"{PREFIX}/runs?dag_id={{DAG_ID}}&run_id={{RUN_ID}}",
            "destination": "dag_run",
            "url_route": "millrace-report",
        },
    ]

    @classmethod
    def on_load(cls, *_args: Any, **_kwargs: Any) -> None:
        """Mount the pages and hear of marked runs where both happen; others need neither."""
        if "api-server" in sys.argv[1:2]:
            from millrace.orchestration import marked_runs

            cls.listeners = [marked_runs]
            cls.fastapi_apps = [{"app": guarded_app(), "url_prefix": PREFIX, "name": "Millrace"}]


def guarded_app() -> Any:
    """Return the pages: 401 for strangers, and only the DAGs that Airflow lets a user read."""
    from airflow.api_fastapi.app import get_auth_manager
    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.core_api.security import get_user, requires_access_dag
    from fastapi import Depends

    from millrace.settings import Settings
    from millrace.web.app import create_app

    def readable(user: BaseUser = Depends(get_user)) -> Callable[[str], bool]:  # noqa: B008
        return get_auth_manager().get_authorized_dag_ids(user=user, method="GET").__contains__

    runs = Depends(requires_access_dag("GET", DagAccessEntity.RUN))
    return create_app(Settings.load(), readable, dependencies=[Depends(get_user), runs])
