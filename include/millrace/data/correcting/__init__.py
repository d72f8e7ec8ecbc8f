"""The folder in which a person corrects refused records: `export` writes it, `edited` reads it.

It holds `records.csv`, a row a record, and the pictures. Nothing here knows runs or the store.
"""
