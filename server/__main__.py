"""`python -m server` is `zollstock`."""

import sys

from server.cli import main

sys.exit(main())
