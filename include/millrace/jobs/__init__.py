"""The border around every stage: request, key, cache, commit, record, runtimes."""
