"""The border between a stage and its surroundings: request, key, cache, commit, record, runtimes."""
