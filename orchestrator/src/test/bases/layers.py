#!/usr/bin/env python3
"""layers.py DIRECTORY NAME TAR...: of tars of one tree at several times makes DIRECTORY/layer0.tar, layer1.tar, ... (each what
changed since the tar before it, deletions as whiteouts) and DIRECTORY/layout, an OCI image layout of these layers, gzip, called NAME."""
import gzip
import hashlib
import json
import os
import shutil
import sys
import tarfile

EPOCH = "2023-11-14T22:13:20Z"


def index(path):
    """Of each name, what tells whether it has changed."""
    found = {}
    with tarfile.open(path) as tar:
        for member in tar:
            content = hashlib.sha256(tar.extractfile(member).read()).digest() if member.isreg() else b""
            found[member.name] = (member.type, member.mode, member.uid, member.gid, int(member.mtime), member.linkname, content)
    return found


def difference(before, after, path, into):
    """Writes what of the tar at path differs from before; a hard link needs its target in the same layer."""
    changed = {name for name, facts in after.items() if before.get(name) != facts}
    for name, facts in after.items():
        if facts[0] == tarfile.LNKTYPE and (name in changed or facts[5] in changed):
            changed |= {name, facts[5]}
    gone = [name for name in before if name not in after]
    gone = [name for name in gone if os.path.dirname(name) in after]
    with tarfile.open(path) as tar, tarfile.open(into, "w", format=tarfile.PAX_FORMAT) as out:
        for member in tar:
            if member.name in changed:
                out.addfile(member, tar.extractfile(member) if member.isreg() else None)
        for name in gone:
            whiteout = tarfile.TarInfo(os.path.join(os.path.dirname(name), ".wh." + os.path.basename(name)))
            whiteout.mtime = 1700000000
            out.addfile(whiteout)


def blob(layout, data, media_type):
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.join(layout, "blobs/sha256", digest), "wb") as out:
        out.write(data)
    return {"mediaType": media_type, "digest": "sha256:" + digest, "size": len(data)}


def packed(layout, tar):
    """A blob of a layer; its descriptor and its diff id."""
    plain = hashlib.sha256()
    work = os.path.join(layout, "work")
    with open(tar, "rb") as source, open(work, "wb") as raw, gzip.GzipFile("", "wb", 6, raw, 0) as out:
        for chunk in iter(lambda: source.read(1 << 20), b""):
            plain.update(chunk)
            out.write(chunk)
    with open(work, "rb") as done:
        digest = hashlib.file_digest(done, "sha256").hexdigest()
    size = os.path.getsize(work)
    os.rename(work, os.path.join(layout, "blobs/sha256", digest))
    media_type = "application/vnd.oci.image.layer.v1.tar+gzip"
    return {"mediaType": media_type, "digest": "sha256:" + digest, "size": size}, "sha256:" + plain.hexdigest()


def main(directory, name, *tars):
    layout = os.path.join(directory, "layout")
    os.makedirs(os.path.join(layout, "blobs/sha256"))
    before, layers, diff_ids, history = {}, [], [], []
    for number, tar in enumerate(tars):
        layer = os.path.join(directory, f"layer{number}.tar")
        if number == 0:
            after = index(tar)
            shutil.copyfile(tar, layer)
        else:
            after = index(tar)
            difference(before, after, tar, layer)
        before = after
        descriptor, diff_id = packed(layout, layer)
        layers.append(descriptor)
        diff_ids.append(diff_id)
        history.append({"created": EPOCH, "created_by": f"stage {number} of Debian 12"})
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
    config = {
        "created": EPOCH,
        "architecture": machine,
        "os": "linux",
        "config": {"Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], "Cmd": ["bash"]},
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob(layout, json.dumps(config).encode(), "application/vnd.oci.image.config.v1+json"),
        "layers": layers,
    }
    entry = blob(layout, json.dumps(manifest).encode(), manifest["mediaType"])
    entry["annotations"] = {"org.opencontainers.image.ref.name": name}
    with open(os.path.join(layout, "index.json"), "w") as out:
        json.dump({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [entry]}, out)
    with open(os.path.join(layout, "oci-layout"), "w") as out:
        out.write('{"imageLayoutVersion":"1.0.0"}')


main(*sys.argv[1:])
