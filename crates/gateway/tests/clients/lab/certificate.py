"""Certificates for a run, made by openssl."""

import shutil

from lab.actions import Missing


def certificate(stage, names):
    """A self-signed certificate for the names: its file, and that of its key."""
    if not shutil.which("openssl"):
        raise Missing("openssl")
    cert, key = stage.dir / "certificate.pem", stage.dir / "key.pem"
    made = stage.start(
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"),
        # rustls takes no certificate of an authority for that of a server.
        *("-addext", "basicConstraints=critical,CA:FALSE"),
        *("-days", "2", "-subj", f"/CN={names[0]}", "-addext", "subjectAltName=" + ",".join(names_of(names))),
        *("-keyout", key, "-out", cert),
    )
    if made.wait(20) != 0:
        raise RuntimeError(made.log.read_text())
    key.chmod(0o600)
    return cert, key


def names_of(names):
    return [f"IP:{name}" if name[0].isdigit() else f"DNS:{name}" for name in names]
