from tests.support.avito import clock, rig

__all__ = ["clock", "rig"]
