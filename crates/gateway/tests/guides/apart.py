"""A network of the test's own, in which the ports of a page are free (`unshare`)."""
import fcntl
import os
import socket
import struct
import subprocess
import sys


def loopback_up():
    SIOCSIFFLAGS, IFF_UP = 0x8914, 1
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def in_a_network_apart(script, doorward, main):
    """Runs the script once more inside, where it calls `main`."""
    apart = ["unshare", "--map-root-user", "--net"]
    if "inside" in sys.argv:
        loopback_up()
        main(doorward)
    elif subprocess.run([*apart, "true"], capture_output=True).returncode:
        print("left out: this system gives no network of one's own (unshare)")
    else:
        os.execvp("unshare", [*apart, sys.executable, script, str(doorward), "inside"])
