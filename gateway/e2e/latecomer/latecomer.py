#!/usr/bin/env python3
"""The same example as main.go, with Python's standard library alone.

    latecomer.py --server http://127.0.0.1:8080 --nats 127.0.0.1:4222 --token se_… \
        --subject 'sharpeyes.event.health.*.campus.>' --filter scenario=campus

It prints a line of JSON for each channel and then one for each change. With the nats-py package the class
Nats is not needed: everything else stays as it is.
"""

import argparse
import json
import os
import queue
import socket
import sys
import threading
import time
import urllib.parse
import urllib.request

WAITING = 65536  # events that may wait while the channels are read


class Nats:
    """One subscription, as https://docs.nats.io/reference/reference-protocols/nats-protocol says."""

    def __init__(self, address, token, subject):
        host, _, port = address.removeprefix("nats://").partition(":")
        self.socket = socket.create_connection((host, int(port or 4222)), timeout=10)
        self.socket.settimeout(180)  # the server asks every two minutes whether we are there
        self.file = self.socket.makefile("rb")
        self.messages = queue.Queue(WAITING)
        self.file.readline()  # INFO
        options = {"verbose": False, "pedantic": False, "auth_token": token, "name": "latecomer", "lang": "python", "version": "1"}
        self.send("CONNECT " + json.dumps(options), "SUB %s 1" % subject, "PING")
        # The server has the subscription when it answers; what it told until then is kept.
        while self.step() != b"PONG":
            pass
        threading.Thread(target=self.read, daemon=True).start()

    def send(self, *lines):
        self.socket.sendall("".join(line + "\r\n" for line in lines).encode())

    def step(self):
        """Takes one line of the server, and the message that it begins; returns its first word."""
        line = self.file.readline()
        if not line:
            raise ConnectionError("the connection is gone")
        word, _, rest = line.strip().partition(b" ")
        if word == b"MSG":  # MSG subject sid [reply] size
            self.keep(self.file.read(int(rest.split()[-1]) + 2)[:-2])
        elif word == b"HMSG":  # HMSG subject sid [reply] headers-size size
            headers, size = (int(n) for n in rest.split()[-2:])
            self.keep(self.file.read(size + 2)[headers:-2])
        elif word == b"PING":
            self.send("PONG")
        elif word == b"-ERR":
            raise ConnectionError(rest.decode())
        return word

    def keep(self, body):
        try:
            self.messages.put_nowait(body)
        except queue.Full:
            raise ConnectionError("more events wait than can be kept") from None

    def read(self):
        try:
            while True:
                self.step()
        except (OSError, ValueError) as e:
            self.socket.close()
            self.messages.put(e)  # after all that was heard


def channels(server, token, query):
    """Yields every channel, page by page."""
    query = dict(urllib.parse.parse_qsl(query), limit=1000)
    while True:
        request = urllib.request.Request(server + "/api/v1/channels?" + urllib.parse.urlencode(query))
        request.add_header("Authorization", "Bearer " + token)
        with urllib.request.urlopen(request, timeout=10) as answer:
            page = json.load(answer)
        yield from page["items"]
        if not page.get("next"):
            return
        query["cursor"] = page["next"]


def show(id, state, reason, event):
    print(json.dumps({"id": id, "state": state, "reason": reason, "event": event}), flush=True)


def follow(options):
    # First listen, then look: whatever is told from here on waits.
    nats = Nats(options.nats, options.token, options.subject)
    known = {}  # id to the event that its state is of
    for c in channels(options.server, options.token, options.filter):
        status = c["status"]
        known[c["id"]] = status.get("event", "")
        show(c["id"], status["state"], status.get("reason", ""), known[c["id"]])
    while True:
        body = nats.messages.get()
        if isinstance(body, Exception):
            raise body
        event = json.loads(body)
        if event["id"] <= known.get(event["subject"], ""):
            continue  # it was told before the state was read: the state has it
        known[event["subject"]] = event["id"]
        show(event["subject"], event["data"]["state"], event["data"]["reason"], event["id"])


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--server", default="http://127.0.0.1:8080")
    p.add_argument("--nats", default="127.0.0.1:4222")
    p.add_argument("--token", default=os.environ.get("SHARPEYES_TOKEN", ""))
    p.add_argument("--subject", default="sharpeyes.event.health.>")
    p.add_argument("--filter", default="")
    options = p.parse_args()
    while True:
        try:
            follow(options)
        except (OSError, ValueError) as e:  # nobody knows what was missed: all again
            print("latecomer: beginning again:", e, file=sys.stderr)
            time.sleep(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        pass
