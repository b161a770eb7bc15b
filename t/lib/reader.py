#!/usr/bin/python3
# reader.py - reads token files without a pause until a file STOP appears, and prints "READS reads", then a
# line for each fault: a file that is not there, no whole token, or of another mode.
#
#   reader.py STOP MODE FILE...
#
# SPDX-License-Identifier: Apache-2.0
import os
import re
import stat
import sys

stop, mode, files = sys.argv[1], int(sys.argv[2], 8), sys.argv[3:]
token = re.compile(rb"[\w-]+\.[\w-]+\.[\w-]{342}")  # a signature of RSA-2048
reads, faults = 0, []
while not os.path.exists(stop):
    for path in files:
        try:
            with open(path, "rb") as f:
                content = f.read()
                seen = stat.S_IMODE(os.fstat(f.fileno()).st_mode)
            if not token.fullmatch(content) or seen != mode:
                faults.append("%s: %d bytes, mode %o" % (path, len(content), seen))
        except OSError as e:
            faults.append(str(e))
        reads += 1
print("%d reads" % reads)
print("\n".join(faults[:20]), end="")
