"""The Airflow DAG `store_gc`: removes from the store what nothing needs any more."""

from millrace.orchestration.housekeeping import housekeeping_dags

globals().update(housekeeping_dags())
