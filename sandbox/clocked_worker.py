"""`python -m sandbox.clocked_worker FILE`: the product's worker under the clock FILE tells of."""

import sys
from pathlib import Path

from main import main
from sandbox.clock import FollowingClock

if __name__ == "__main__":
    sys.exit(main(["run"], FollowingClock(Path(sys.argv[1]))))
