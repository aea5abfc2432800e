"""Where the suite's own files are."""

import pathlib

SERVERS = pathlib.Path(__file__).resolve().parents[1] / "servers"
# What `./test` and the whole suite install.
INSTALLED = pathlib.Path(__file__).resolve().parents[5] / "target" / "clients"
