"""Airflow: the DAG builder, the task bodies, the embedded installation. Nothing else knows Airflow."""
