"""A bucket of an S3 server on this machine, as the DVC remote of a repository."""

from collections.abc import Iterator
from contextlib import contextmanager

from moto.server import ThreadedMotoServer
from repository import Repository

_MAKE_BUCKET = (
    "import boto3, sys; boto3.client('s3', endpoint_url=sys.argv[1]).create_bucket(Bucket='datasets')"
)


@contextmanager
def s3_remote(repository: Repository) -> Iterator[dict[str, str]]:
    """Make the bucket the default remote, and commit that. Gives the environment with the keys to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}
    try:
        repository.run("python", "-c", _MAKE_BUCKET, f"http://{host}:{port}", **keys)
        repository.dvc("remote", "add", "--default", "bucket", "s3://datasets/peru")
        repository.dvc("remote", "modify", "bucket", "endpointurl", f"http://{host}:{port}")
        repository.commit("share")
        yield keys
    finally:
        server.stop()
