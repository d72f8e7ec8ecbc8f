"""Recognisers of what tells people apart in texts: patterns, checksums and short lists.

They work offline and in linear time: every expression is one that RE2 takes, its repetitions
bounded. They find forms, not meanings; what they cannot find, `redact.LIMITS` says.
"""
