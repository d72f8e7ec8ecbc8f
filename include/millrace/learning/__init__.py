"""Models: networks, training, export, evaluation. The only place for a deep-learning framework."""
