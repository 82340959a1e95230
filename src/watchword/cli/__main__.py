"""``python -m watchword.cli``: the same as the command ``watchword``."""

import sys

from watchword.cli import main

sys.exit(main())
