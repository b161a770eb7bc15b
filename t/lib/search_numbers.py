# search_numbers.py PLACE... - reads numbers in hexadecimal from standard input and prints how many of
# them stand in any of the places: a PID, whose memory we must be allowed to read, or a file. They are
# found as bytes in either order, in hexadecimal, and in base64 wherever it begins; line breaks and
# colons, as PEM and OpenSSL's text have them, hide nothing.
# SPDX-License-Identifier: Apache-2.0
import base64
import sys

CHUNK = 1 << 24
SHADOW = 1 << 32
BREAKS = b" \t\r\n:"


def in_base64(number, before):
    """The characters that are the number's alone, after `before` other bytes."""
    plain = base64.b64encode(bytes(before) + number)[4 if before else 0:-4]
    return plain, plain.translate(bytes.maketrans(b"+/", b"-_"))


def forms(number):
    yield from (number, number[::-1], number.hex().encode(), number.hex().upper().encode())
    for before in range(3):
        yield from in_base64(number, before)


def regions(pid):
    with open(f"/proc/{pid}/maps") as maps:
        for line in maps:
            span, mode = line.split()[:2]
            start, end = (int(number, 16) for number in span.split("-"))
            # A sanitizer's shadow takes terabytes and holds no data of the program.
            if mode.startswith("r") and "[v" not in line and end - start < SHADOW:
                yield start, end


def pieces(mem, start, end, overlap):
    """The region in chunks that overlap, so that nothing hides on an edge."""
    at = start
    while at < end:
        mem.seek(at)
        yield mem.read(min(CHUNK + overlap, end - at))
        at += CHUNK


def memory(pid, overlap):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for start, end in regions(pid):
            try:
                yield from pieces(mem, start, end, overlap)
            except OSError:
                continue  # guard pages and the like


def contents(place, overlap):
    if place.isdigit():
        yield from memory(place, overlap)
    else:
        with open(place, "rb") as f:
            yield f.read()


def main():
    wanted = {n: tuple(forms(bytes.fromhex(n))) for n in sys.stdin.read().split()}
    if not wanted:
        sys.exit("no numbers to search for")
    overlap = 4 * max(len(n) for n in wanted)  # of hexadecimal with colons and line breaks
    found = set()
    for place in sys.argv[1:]:
        for data in contents(place, overlap):
            if data.count(0) == len(data):
                continue  # of a sanitizer's memory that is most
            whole = data.translate(None, BREAKS)
            found |= {n for n, fs in wanted.items() if any(f in data or f in whole for f in fs)}
    print(len(found))


main()
