"""The seal of a page: the hash of the rest of it, by which one that was changed is known."""

import hashlib
import re

SEAL = re.compile(
    rb'<meta name="generator" content="keras_vabc [^" ]* sha256:(?P<hash>[0-9a-f]{64}|)">'
)
HEAD_BYTES = 4096  # of a page, in which the seal is
BLOCK_BYTES = 2**20


def sealed(html):
    """A page with the hash of itself in the place that its generator's tag has for it."""
    page = html.encode()
    place = SEAL.search(page).start("hash")
    return (page[:place] + hashlib.sha256(page).hexdigest().encode() + page[place:]).decode()


def is_as_sealed(path):
    """Whether a file is a page of ours that nobody changed; read block by block."""
    with open(path, "rb") as file:
        head = file.read(HEAD_BYTES)
        match = SEAL.search(head)
        if match is None:
            return False
        digest = hashlib.sha256(head[: match.start("hash")] + head[match.end("hash") :])
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest().encode() == match["hash"]
