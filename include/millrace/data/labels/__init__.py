"""What labels may be: names of classes, or numbers."""
