"""Millrace: from raw data to predictions, one Airflow task a stage."""

__version__ = "0.1.0"
