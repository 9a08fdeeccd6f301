"""What jobs do: one function per kind, by feature."""
