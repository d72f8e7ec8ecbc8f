"""What `docker-compose.yml` needs beside images: its settings, first steps, health and backups.

`environment` and `rules` run on hosts without Millrace, so they import the standard library only.
"""
