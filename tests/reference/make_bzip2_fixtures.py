"""Makes tests/reference/fixtures/bzip2 with Python's bz2, which is libbzip2.

    python3 tests/reference/make_bzip2_fixtures.py

expected.json has, for each file, the length and CRC-32 of what it unpacks to.
"""
import bz2
import io
import json
import pathlib
import tarfile
import zlib

FOLDER = pathlib.Path(__file__).parent / "fixtures" / "bzip2"


def tar(files):
    """A tar archive of named contents."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def values_of(*words):
    """The byte values whose 16-bit words in a block's map of used values are these."""
    return bytes(
        16 * group + bit for group, word in enumerate(words) for bit in range(16)
        if word >> (15 - bit) & 1
    )


def main():
    lines = b"".join(b"line %d\n" % (i * i % 977) for i in range(40_000))
    # The map of used values is content that reads like the mark of a block, or of a stream's end.
    block = values_of(0x3141, 0x5926, 0x5359) * 50
    end = values_of(0x1772, 0x4538, 0x5090) * 50
    contents = {
        "blocks": ([lines], 1),
        "streams": ([lines[:1000], b"", lines[1000:5000]], 9),
        "false_marks": ([block, end, block + b"x"], 9),
        "empty": ([b""], 9),
        "files_tar": ([tar({"b.txt": b"w" * 700, "deep/c.txt": lines[:5000]})], 9),
        "bomb_tar": ([tar({"zeros": bytes(70 * 2**20)})], 9),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    expected = {}
    for name, (streams, level) in contents.items():
        packed = b"".join(bz2.compress(stream, level) for stream in streams)
        (FOLDER / f"{name}.bz2").write_bytes(packed)
        whole = b"".join(streams)
        expected[name] = {"length": len(whole), "crc32": zlib.crc32(whole)}
        print(f"{name}: {len(packed)} bytes, {len(whole)} unpacked")
    (FOLDER / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")


if __name__ == "__main__":
    main()
