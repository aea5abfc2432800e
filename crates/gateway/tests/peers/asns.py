"""Writes a database of network operators in the MaxMind DB format: Google's 8.8.8.0/24, and one of documentation."""

import sys

from mmdb_writer import MMDBWriter
from netaddr import IPSet

writer = MMDBWriter(ip_version=6, database_type="Test-ASN", languages=["en"], ipv4_compatible=True)
for network, number in [("8.8.8.0/24", 15169), ("198.51.100.0/24", 64496), ("2001:db8::/32", 64497)]:
    writer.insert_network(IPSet([network]), {"autonomous_system_number": number})
writer.to_db_file(sys.argv[1])
