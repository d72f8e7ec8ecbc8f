"""The Airflow DAGs `mnist` and `mnist_predict`."""

from millrace.orchestration.builder import workflow_dags

globals().update(workflow_dags("mnist"))
