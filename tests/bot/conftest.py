from tests.support.bot import rig

__all__ = ["rig"]
