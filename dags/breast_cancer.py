"""The Airflow DAGs `breast_cancer` and `breast_cancer_predict`."""

from millrace.orchestration.builder import workflow_dags

globals().update(workflow_dags("breast_cancer"))
