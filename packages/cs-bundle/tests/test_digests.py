"""Several digests of one stream of bytes."""

from __future__ import annotations

import random
from functools import partial
from hashlib import md5, sha256

import pytest

from cs_bundle._digests import DigestThreads


def test_every_digest_takes_every_byte_in_order() -> None:
    chunks = [random.Random(index).randbytes(50_000) for index in range(20)]
    digests = [sha256(), md5(usedforsecurity=False)]
    with DigestThreads(digests) as threads:
        for future in [future for chunk in chunks for future in threads.feed(memoryview(chunk), ())]:
            future.result()
    assert digests[0].digest() == sha256(b"".join(chunks)).digest()
    assert digests[1].digest() == md5(b"".join(chunks), usedforsecurity=False).digest()


def test_jobs_run_one_behind_the_other() -> None:
    done: list[int] = []
    with DigestThreads([]) as threads:
        jobs = [partial(done.append, index) for index in range(50)]
        futures = [future for job in jobs for future in threads.feed(memoryview(b""), [job])]
        for future in futures:
            future.result()
    assert done == list(range(50))


def test_what_a_job_raises_comes_out_of_its_future() -> None:
    def fail() -> None:
        raise ValueError("job")

    with DigestThreads([sha256()]) as threads:
        futures = threads.feed(memoryview(b"x"), [fail])
        with pytest.raises(ValueError, match="job"):
            futures[-1].result()
