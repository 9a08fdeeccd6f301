"""Chats of Avito: reading them all, and keeping what was read."""
