"""A client that sends its tasks again from the position it is told loses none, whatever broke."""

import gzip
import zlib

import httpx

from tests.helpers.http import LINES


def test_a_packed_body_that_is_cut_off_counts_only_whole_lines(client: httpx.Client) -> None:
    lines = LINES.splitlines(keepends=True)
    packer = zlib.compressobj(wbits=31)
    cut = packer.compress(b"".join(lines[:5]) + lines[5][:20]) + packer.flush(zlib.Z_SYNC_FLUSH)
    where = "/api/tasks?recorder=alpha"
    answer = client.post(f"{where}&from=0", content=cut).json()
    assert answer["fault"]
    assert (answer["position"], answer["accepted"]) == (5, 5)
    rest = gzip.compress(b"".join(lines[5:]))
    answer = client.post(f"{where}&from={answer['position']}", content=rest).json()
    assert (answer["position"], answer["accepted"], answer["refused"]) == (8, 3, 0)
