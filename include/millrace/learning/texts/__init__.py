"""All that learning knows of texts. The light side is `modality` and `encoder`."""
