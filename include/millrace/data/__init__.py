"""Records: sources, the data contract, transforms, integration. No model and no framework here."""
