"""What learning knows of CT slices beyond pictures. The light side is `modality`."""
