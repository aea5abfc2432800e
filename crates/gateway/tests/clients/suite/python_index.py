"""twine and pip with pypiserver: a wheel of 3 MB, an sdist whose README has code, search, install."""

import base64
import gzip
import hashlib
import io
import random
import sys
import tarfile
import urllib.request
import zipfile

import pypiserver  # the server, which is started by its name
import twine  # the client

from lab import Server, action, free_port

README = """# desk

Keeps desks in order: `pip install desk`, then `desk serve --port 8000`. It's "beta" -- don't use it; yet.

```python
import os
rows = db.execute("SELECT name FROM desks WHERE id = ? OR name LIKE '%a%'", (1,))
os.makedirs("/var/lib/desk", exist_ok=True)
print({"n": 3}, f"{rows!r}")
```

See [the guide](https://example.org/guide?a=1&b=2) & `../examples`.
"""
README_WITH_COMMANDS = (
    README
    + """
```sh
pip install desk && desk serve --port 8000 | tee log.txt
```
"""
)
README_WITH_MARKUP = (
    README
    + """
```html
<script src="/static/desk.js"></script>
<img src=x onerror="alert(1)">
```
"""
)


def start(stage):
    port = free_port()
    (stage.dir / "packages").mkdir()
    stage.start(
        *(sys.executable, "-m", "pypiserver", "run", "-i", "127.0.0.1", "-p", port, "-a", ".", "-P", "."),
        *("--disable-fallback", "--server", "wsgiref", stage.dir / "packages"),
        port=port,
    )
    return Server(url=f"http://127.0.0.1:{port}", packages=stage.dir / "packages")


def metadata(name, version, readme):
    return f"""Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: Keeps desks in order; it's "beta" <yet>
Author-email: Pat O'Brien <pat@example.org>
License: MIT
Project-URL: Source, http://localhost:3000/pat/desk.git
Keywords: desk,order by,select
Classifier: Programming Language :: Python :: 3
Requires-Dist: requests (>=2.0,<3) ; python_version < "3.0"
Description-Content-Type: text/markdown

{readme}"""


def wheel(run, name, version, size, readme=README):
    path = run.dir / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}/__init__.py": b"import os\nVALUE = 42\n",
        f"{name}/data.bin": random.Random(name).randbytes(size),
        f"{info}/METADATA": metadata(name, version, readme).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for file, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += f"{file},sha256={digest},{len(content)}\n"
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    with zipfile.ZipFile(path, "w") as archive:
        for file, content in files.items():
            archive.writestr(zipfile.ZipInfo(file), content)
    return path


def sdist(run, name, version, readme=README):
    path = run.dir / f"{name}-{version}.tar.gz"
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for file, text in (
            ("PKG-INFO", metadata(name, version, readme)),
            ("setup.py", "from setuptools import setup\nsetup()\n"),
        ):
            entry = tarfile.TarInfo(f"{name}-{version}/{file}")
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    path.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return path


def upload(run, path):
    (run.dir / ".pypirc").write_text("")
    run.command(
        *(sys.executable, "-m", "twine", "upload", "--disable-progress-bar", "--non-interactive"),
        *("--repository-url", f"{run.url}/", "-u", "pat", "-p", "it's; a <pass>--word", path),
    )
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in run.server.packages.glob(f"{path.stem[:4]}*.whl")
    }


def pip(run, *command):
    return run.command(sys.executable, "-m", "pip", *command, env={"PIP_CONFIG_FILE": "/dev/null"})


@action
def upload_a_wheel_of_3_MB(run):
    return upload(run, wheel(run, "desk", "1.0", 3 << 20))


@action
def upload_an_sdist(run):
    upload(run, sdist(run, "shelf", "0.9"))
    return sorted(path.name for path in run.server.packages.iterdir())


@action(refused="shell")
def upload_with_commands_in_the_README(run):
    upload(run, sdist(run, "chair", "0.9", README_WITH_COMMANDS))
    return sorted(path.name for path in run.server.packages.iterdir())


@action(refused="html")
def upload_with_markup_in_the_README(run):
    return upload(run, wheel(run, "lamp", "2.0", 1000, README_WITH_MARKUP))


@action
def install(run):
    pip(
        run,
        "install",
        "-q",
        "--no-deps",
        "--no-cache-dir",
        "--index-url",
        f"{run.url}/simple/",
        "--target",
        run.dir / "site",
        "desk",
    )
    return hashlib.sha256((run.dir / "site" / "desk" / "data.bin").read_bytes()).hexdigest()


@action
def download_an_sdist(run):
    with urllib.request.urlopen(f"{run.url}/packages/shelf-0.9.tar.gz") as answer:
        with tarfile.open(fileobj=io.BytesIO(answer.read())) as archive:
            return archive.getnames()


@action
def pages_of_the_index(run):
    pages = []
    for path in ("/simple/", "/simple/desk/", "/packages/", "/desk/json"):
        with urllib.request.urlopen(run.url + path) as answer:
            pages.append(answer.read().decode())
    return pages
