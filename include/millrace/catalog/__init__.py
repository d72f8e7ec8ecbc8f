"""History in a SQL database: who ran what, on what, with which result. References, never bytes."""
