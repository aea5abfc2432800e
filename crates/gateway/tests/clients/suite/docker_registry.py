"""skopeo with docker-registry: push, copy, pull and delete of an image, tags."""

import gzip
import hashlib
import io
import json
import random
import tarfile

from lab import Server, action, free_port

COMMANDS = ["skopeo", "docker-registry"]
OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker"


# The history of an image: of instructions that run nothing, and of commands.
PLAIN = [
    "/bin/sh -c #(nop) ADD file:9d282119af0c42bc823c95b4192a3350cf2cad670622017356dd2e636762e425 in / ",
    '/bin/sh -c #(nop)  ENTRYPOINT ["/docker-entrypoint.sh"]',
    '/bin/sh -c #(nop)  CMD ["nginx" "-g" "daemon off;"]',
]
COMMANDS_OF_A_BUILD = [
    "/bin/sh -c apt-get update && apt-get install -y curl && rm -rf /var/lib/apt/lists/*",
    "RUN /bin/sh -c echo 'deb http://deb.debian.org/debian stable main' > /etc/apt/sources.list # buildkit",
]


def start(stage):
    port = free_port()
    (stage.dir / "registry.yml").write_text(f"""
version: 0.1
log: {{ level: warn }}
storage:
  filesystem: {{ rootdirectory: {stage.dir}/blobs }}
  delete: {{ enabled: true }}
http: {{ addr: "127.0.0.1:{port}" }}
""")
    stage.start("docker-registry", "serve", stage.dir / "registry.yml", port=port, env={"OTEL_TRACES_EXPORTER": "none"})
    (stage.dir / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
    return Server(url=f"http://127.0.0.1:{port}", policy=stage.dir / "policy.json")


def skopeo(run, *command):
    return run.command("skopeo", "--policy", run.server.policy, *command, env={"TMPDIR": str(run.dir)})


def at(run, name):
    return f"docker://{run.host}/{name}"


def layer(seed, size):
    """A layer with a script, a configuration and data that does not compress."""
    files = {
        "bin/start.sh": b'#!/bin/sh\nset -e\nexec /usr/bin/app --config /etc/app.conf "$@"\n',
        "etc/app.conf": b"listen = 0.0.0.0:80\n",
        "usr/share/app/data": random.Random(seed).randbytes(size),
    }
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return output.getvalue()


def image(run, name, size, commands=()):
    """An image as skopeo's `dir:` has it, with the history that a build of a Dockerfile writes."""
    directory = run.dir / name
    directory.mkdir()

    def blob(content):
        digest = hashlib.sha256(content).hexdigest()
        (directory / digest).write_bytes(content)
        return {"digest": f"sha256:{digest}", "size": len(content)}

    raw = layer(name, size)
    configuration = {
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "Entrypoint": ["/docker-entrypoint.sh"],
            "Cmd": ["nginx", "-g", "daemon off;"],
            "WorkingDir": "/srv",
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(raw).hexdigest()}"]},
        "history": [{"created_by": line, "empty_layer": number > 0} for number, line in enumerate([*PLAIN, *commands])],
    }
    if commands:
        configuration["config"]["Cmd"] = ["/bin/sh", "-c", "nginx -g 'daemon off;'"]
    described = {
        "schemaVersion": 2,
        "mediaType": f"{DOCKER}.distribution.manifest.v2+json",
        "config": {"mediaType": f"{DOCKER}.container.image.v1+json", **blob(json.dumps(configuration).encode())},
        "layers": [{"mediaType": f"{DOCKER}.image.rootfs.diff.tar.gzip", **blob(gzip.compress(raw, 1, mtime=0))}],
    }
    (directory / "manifest.json").write_text(json.dumps(described))
    (directory / "version").write_text("Directory Transport Version: 1.1\n")
    return f"dir:{directory}"


@action
def push_a_small_image(run):
    skopeo(run, "copy", "--dest-tls-verify=false", image(run, "small", 1000), at(run, "team/small:1.0"))
    return json.loads(skopeo(run, "inspect", "--tls-verify=false", at(run, "team/small:1.0")))


@action
def push_an_image_with_a_layer_of_6_MB(run):
    skopeo(run, "copy", "--dest-tls-verify=false", image(run, "large", 6_000_000), at(run, "team/large:latest"))
    return json.loads(skopeo(run, "inspect", "--tls-verify=false", at(run, "team/large:latest")))


@action(refused="shell")
def push_an_image_with_commands_in_its_history(run):
    described = image(run, f"commands-{len(list(run.dir.iterdir()))}", 1000, COMMANDS_OF_A_BUILD)
    skopeo(run, "copy", "--dest-tls-verify=false", described, at(run, "team/built:1.0"))
    return json.loads(skopeo(run, "inspect", "--config", "--tls-verify=false", at(run, "team/built:1.0")))["history"]


@action
def push_as_OCI(run):
    skopeo(run, "copy", "--dest-tls-verify=false", "--format", "oci", f"dir:{run.dir}/small", at(run, "team/oci:v1"))
    manifest = json.loads(skopeo(run, "inspect", "--raw", "--tls-verify=false", at(run, "team/oci:v1")))
    assert manifest["config"]["mediaType"] == f"{OCI}.config.v1+json"
    return manifest


@action
def copy_to_another_name(run):
    both = "--src-tls-verify=false", "--dest-tls-verify=false"
    skopeo(run, "copy", *both, at(run, "team/large:latest"), at(run, "other/place/large:2.0"))
    return skopeo(run, "inspect", "--raw", "--tls-verify=false", at(run, "other/place/large:2.0"))


@action
def pull(run):
    skopeo(run, "copy", "--src-tls-verify=false", at(run, "other/place/large:2.0"), f"dir:{run.dir}/pulled")
    return sorted((path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in (run.dir / "pulled").iterdir())


@action
def configuration_of_an_image(run):
    return json.loads(skopeo(run, "inspect", "--config", "--tls-verify=false", at(run, "team/small:1.0")))


@action
def tags(run):
    both = "--src-tls-verify=false", "--dest-tls-verify=false"
    for tag in ("1.1", "1.2-rc.1", "stable_2026"):
        skopeo(run, "copy", *both, at(run, "team/small:1.0"), at(run, f"team/small:{tag}"))
    return json.loads(skopeo(run, "list-tags", "--tls-verify=false", at(run, "team/small")))


@action
def delete(run):
    skopeo(run, "delete", "--tls-verify=false", at(run, "other/place/large:2.0"))
    try:
        skopeo(run, "inspect", "--tls-verify=false", at(run, "other/place/large:2.0"))
    except RuntimeError as error:
        return "manifest unknown" in str(error)
    return "still there"
