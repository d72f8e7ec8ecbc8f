"""Everything that learning knows of pictures. The light side is `modality` and `encoder`."""
