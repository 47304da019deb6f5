"""The records below STATE/network-svc, as the native service keeps them: a file a record."""

import json
import os


class Records:
    def __init__(self, directory):
        self.directory = directory
        self.networks = self._read("networks", "name")
        self.attachments = self._read("attachments", "containerId")

    def put_network(self, record):
        self._write("networks", record["name"], record)
        self.networks[record["name"]] = record

    def put_attachment(self, record):
        self._write("attachments", record["containerId"], record)
        self.attachments[record["containerId"]] = record

    def remove_network(self, name):
        (self.directory / "networks" / (name + ".json")).unlink(missing_ok=True)
        self.networks.pop(name, None)

    def remove_attachment(self, ident):
        (self.directory / "attachments" / (ident + ".json")).unlink(missing_ok=True)
        self.attachments.pop(ident, None)

    def _read(self, kind, key):
        (self.directory / kind).mkdir(parents=True, exist_ok=True)
        records = [json.loads(f.read_text()) for f in (self.directory / kind).glob("*.json")]
        return {r[key]: r for r in records}

    def _write(self, kind, name, record):
        file = self.directory / kind / (name + ".json")
        draft = file.with_suffix(".json.new")
        draft.write_text(json.dumps(record))
        os.replace(draft, file)
