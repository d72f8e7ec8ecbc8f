"""The Airflow DAGs `head_ct` and `head_ct_predict`."""

from millrace.orchestration.builder import workflow_dags

globals().update(workflow_dags("head_ct"))
