"""Stories at the edge: people press and read, the real bot answers."""
