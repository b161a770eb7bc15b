# storm.py - many clients that ask for a token at the same time.
#   storm.py ADDRESS SECRET-FILE COUNT EARLY SENT
# Opens COUNT connections, asks on each of them, waits for EARLY answers, makes the file SENT, and in
# the end prints a line of JSON per answer: {"status", "retry_after", "jti"}; status 0 for a connection that ended without one.
# SPDX-License-Identifier: Apache-2.0
import asyncio
import base64
import json
import sys

ADDRESS, SECRET, COUNT, EARLY, SENT = sys.argv[1:]
BODY = json.dumps({"spec": {"audiences": ["sts.amazonaws.com"]}})
REQUEST = ("POST /api/v1/namespaces/demo/serviceaccounts/app/token HTTP/1.1\r\n"
           "Host: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
           "Content-Length: %d\r\nConnection: close\r\n\r\n%s"
           % (ADDRESS, open(SECRET).read().strip(), len(BODY), BODY)).encode()
AT_ONCE = 100  # connections that are being opened: a listener's backlog is short


def jti_of(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["jti"]


async def ask(gate):
    host, port = ADDRESS.rsplit(":", 1)
    async with gate:
        reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(REQUEST)  # it fits into the socket, so it has left; a listener waits 15 s for it
    return reader, writer


async def answer(reader, writer):
    try:
        data = await reader.read(-1)
    except OSError:
        data = b""
    writer.close()
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    if not lines[0] or not body:
        return {"status": 0, "retry_after": None, "jti": None}
    headers = {k.lower(): v for k, _, v in (line.partition(": ") for line in lines[1:])}
    status = int(lines[0].split()[1])
    return {"status": status, "retry_after": headers.get("retry-after"),
            "jti": jti_of(json.loads(body)["status"]["token"]) if status == 201 else None}


async def main():
    gate = asyncio.Semaphore(AT_ONCE)
    streams = await asyncio.gather(*(ask(gate) for _ in range(int(COUNT))))
    answers = [asyncio.ensure_future(answer(*s)) for s in streams]
    early = asyncio.as_completed(answers)
    for _ in range(int(EARLY)):
        await next(early)
    open(SENT, "w").close()
    for line in await asyncio.gather(*answers):
        print(json.dumps(line))


asyncio.run(main())
