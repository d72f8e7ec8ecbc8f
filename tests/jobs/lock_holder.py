"""Hold the lock of a key: `python lock_holder.py FOLDER KEY [URL]`; print "held" and wait."""

from __future__ import annotations

import sys
from pathlib import Path

from millrace.catalog.catalog import Catalog
from millrace.jobs.locks import key_lock


def main() -> None:
    folder, key, *url = sys.argv[1:]
    shared = Catalog(url[0]).locks if url else None
    with key_lock(Path(folder), key, shared):
        sys.stdout.write("held\n")
        sys.stdout.flush()
        sys.stdin.readline()


if __name__ == "__main__":
    main()
