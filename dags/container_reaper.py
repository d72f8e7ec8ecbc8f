"""The Airflow DAG `container_reaper`: removes containers that nobody follows any more."""

from millrace.orchestration.container_reaper import reaper_dags

globals().update(reaper_dags())
