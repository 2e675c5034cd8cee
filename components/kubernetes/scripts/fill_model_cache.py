"""Copy one revision of a model from its repository into the model cache (object storage), once.

Environment: REPOSITORY, REVISION, TARGET (``s3://bucket/prefix`` or ``gs://bucket/prefix``), WORK_DIR, and
HF_TOKEN where the repository asks for one. Runs in the engines' own image, which holds all three client
libraries.

File by file, so that the disk holds one file at a time; a file that is there with the right size is not
copied again, so a Job that was interrupted goes on where it stopped. The mark ``<target>.complete`` comes
last.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

SKIPPED_SUFFIXES = (".pt", ".pth", ".bin", ".gguf", ".onnx", ".h5", ".msgpack", ".gitattributes")
SKIPPED_DIRECTORIES = ("original/", "onnx/", "metal/")
"""Other forms of the same weights. The engines stream every .safetensors file below the prefix."""


class Store(Protocol):
    """A bucket."""

    def size(self, key: str) -> int | None:
        """Bytes of an object, or None when there is none."""
        ...

    def put(self, key: str, path: Path) -> None:
        """Upload a file."""
        ...


@dataclass(frozen=True)
class RemoteFile:
    """A file of the repository."""

    path: str
    size: int


def wanted(path: str) -> bool:
    """True for weights in safetensors, configuration and tokenizer."""
    return not path.endswith(SKIPPED_SUFFIXES) and not path.startswith(SKIPPED_DIRECTORIES)


def fill(
    store: Store, prefix: str, files: Iterable[RemoteFile], download: Callable[[str], Path], mark: Path
) -> int:
    """Copy what is missing and set the mark; return how many files were copied.

    Raises:
        ValueError: the repository has no safetensors, which the engines need.
    """
    done = f"{prefix}.complete"
    if store.size(done) is not None:
        return 0
    files = [file for file in files if wanted(file.path)]
    if not any(file.path.endswith(".safetensors") for file in files):
        raise ValueError(
            "the repository has no .safetensors file at this revision; the engines load no other form"
        )
    copied = 0
    for file in files:
        key = f"{prefix}/{file.path}"
        if store.size(key) == file.size:
            continue
        local = download(file.path)
        store.put(key, local)
        local.unlink()
        copied += 1
        logging.info("%s: %d bytes", key, file.size)
    mark.write_text("complete\n")
    store.put(done, mark)
    return copied


class S3:
    """An S3 bucket; credentials come from the pod's identity."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket
        self._client: Any = importlib.import_module("boto3").client("s3")
        self._error: Any = importlib.import_module("botocore.exceptions").ClientError

    def size(self, key: str) -> int | None:
        try:
            return int(self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"])
        except self._error as error:
            # Without the right to list, S3 answers 403 for an object that is not there.
            if error.response["ResponseMetadata"]["HTTPStatusCode"] in {403, 404}:
                return None
            raise

    def put(self, key: str, path: Path) -> None:
        self._client.upload_file(str(path), self._bucket, key)


class GCS:
    """A Google Cloud Storage bucket; credentials come from the pod's identity."""

    def __init__(self, bucket: str) -> None:
        self._bucket: Any = importlib.import_module("google.cloud.storage").Client().bucket(bucket)

    def size(self, key: str) -> int | None:
        blob = self._bucket.get_blob(key)
        return None if blob is None else int(blob.size)

    def put(self, key: str, path: Path) -> None:
        self._bucket.blob(key).upload_from_filename(str(path))


STORES: dict[str, Callable[[str], Store]] = {"s3": S3, "gs": GCS}


def open_store(target: str) -> tuple[Store, str]:
    """The bucket and the prefix of ``s3://bucket/prefix``.

    Raises:
        ValueError: another scheme, no bucket or no prefix.
    """
    scheme, _, rest = target.partition("://")
    bucket, _, prefix = rest.partition("/")
    if scheme not in STORES or not bucket or not prefix.strip("/"):
        raise ValueError(f"TARGET {target!r} is not s3://bucket/prefix or gs://bucket/prefix")
    return STORES[scheme](bucket), prefix.strip("/")


def main() -> int:
    """Run from the environment."""
    hub: Any = importlib.import_module("huggingface_hub")
    repository, revision = os.environ["REPOSITORY"], os.environ["REVISION"]
    work = Path(os.environ["WORK_DIR"])
    store, prefix = open_store(os.environ["TARGET"])
    entries = hub.HfApi().list_repo_tree(repository, recursive=True, revision=revision)
    files = [RemoteFile(entry.path, int(entry.size)) for entry in entries if hasattr(entry, "size")]

    def download(path: str) -> Path:
        return Path(hub.hf_hub_download(repository, path, revision=revision, local_dir=work))

    copied = fill(store, prefix, files, download, work / "complete")
    logging.info("%s at %s: %d files copied, complete below %s", repository, revision, copied, prefix)
    return 0


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    sys.exit(main())
