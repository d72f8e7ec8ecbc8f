"""Records: sources, contracts, cleaning, transforms, integration. No Airflow, no deep learning."""
