"""The Airflow DAGs `diabetes` and `diabetes_predict`."""

from millrace.orchestration.builder import workflow_dags

globals().update(workflow_dags("diabetes"))
