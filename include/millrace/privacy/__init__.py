"""Who may be seen, and by what name: keys, pseudonyms, certificates.

Needs nothing but the standard library. Knows no kind of data; errors hold no secret.
"""
