"""Airflow: the DAG builder, the task bodies, the embedded installation. The only such place."""
