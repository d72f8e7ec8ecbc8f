"""The Airflow DAGs `digits` and `digits_predict`."""

from millrace.orchestration.builder import workflow_dags

globals().update(workflow_dags("digits"))
