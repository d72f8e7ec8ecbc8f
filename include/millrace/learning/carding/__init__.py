"""The cards of a run: documents for people, made of what its artifacts say."""
