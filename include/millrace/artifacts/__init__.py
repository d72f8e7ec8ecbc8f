"""Bytes: digests, manifests, the store, table files. Knows no run, no stage and no Airflow."""
