"""The read-only web view over catalog and store: server-rendered pages, no JavaScript, no Airflow.

Who may read what is given by whoever mounts it (see `app.create_app`); nothing here writes.
"""
