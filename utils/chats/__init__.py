"""Chats of Avito as files that a person can work with."""
