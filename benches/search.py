#!/usr/bin/env python3
"""Latencies of searches over one kept-open IMAP connection. One JSON line.

    search.py --imap 127.0.0.1:10143 --user alice@example.test --password P --fill 20000
    search.py --imap 127.0.0.1:10143 --user alice@example.test --password P --wait "gatepost search status --wait"

--fill appends that many messages first, a tenth of them to Archive and the rest to INBOX, and ends; the same numbers give the same
messages. --wait is a command that returns when the index is done; without it messages may be looked at one by one.
Measures, warm: fuzzy (SEARCH FUZZY of one word, of several and of a phrase, in INBOX), pages (what the search box asks: all mailboxes,
the 50 newest), exact (SEARCH TEXT, a few). Words are from frequent to rare.
"""
import argparse, json, math, random, shlex, socket, subprocess, time

SYLLABLES = "ba ke lo mi nu ra se ti vo wa xi zu dor fen gal hin jor kul mer nos pal quin rus sol tam ul vek wes yan zor".split()


def words(count):
    rng = random.Random(7)
    found = []
    while len(found) < count:
        word = "".join(rng.choice(SYLLABLES) for _ in range(rng.randint(2, 4)))
        if word not in found:
            found.append(word)
    return found


class Imap:
    def __init__(self, address, user, password):
        host, port = address.rsplit(":", 1)
        self.s = socket.create_connection((host, int(port)), timeout=600)
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.f = self.s.makefile("rb")
        self.n = 0
        self.f.readline()
        self.run(f'LOGIN {user} "{password}"')

    def run(self, command, literals=()):
        self.n += 1
        tag = f"b{self.n}"
        self.s.sendall(f"{tag} {command}".encode() + b"".join(literals) + b"\r\n")
        lines = []
        while True:
            line = self.f.readline().decode(errors="replace")
            if not line:
                raise SystemExit(f"search: the server closed at {command[:60]}")
            lines.append(line)
            if line.startswith(tag + " "):
                if not line.startswith(tag + " OK"):
                    raise SystemExit(f"search: {line.strip()} for {command[:80]}")
                return lines


def message(number, vocabulary, rng):
    # Words come as in real text: the k-th is about 1/k as frequent as the first.
    pick = lambda: vocabulary[min(len(vocabulary) - 1, int(math.exp(rng.random() * math.log(len(vocabulary)))) - 1)]
    text = "\r\n".join(" ".join(pick() for _ in range(12)) for _ in range(rng.randint(4, 30)))
    day = 1 + number * 27 // 20000 % 28
    head = f"From: {pick().title()} {pick().title()} <{pick()}@example.org>\r\nTo: alice@example.test\r\nSubject: {pick()} {pick()} {pick()}\r\nDate: {day:02d} Oct 2026 10:00:00 +0000\r\nMessage-ID: <{number}@bench.test>\r\n\r\n"
    return (head + text + "\r\n").encode()


def fill(imap, count, vocabulary):
    rng = random.Random(11)
    done = 0
    while done < count:
        batch = [message(done + n, vocabulary, rng) for n in range(min(100, count - done))]
        mailbox = "Archive" if done // 100 % 10 == 9 else "INBOX"
        imap.run(f"APPEND {mailbox}", [b" {%d+}\r\n" % len(text) + text for text in batch])
        done += len(batch)


def pct(xs, p):
    xs = sorted(xs)
    return xs[min(len(xs) - 1, math.ceil(p / 100 * len(xs)) - 1)]


def lat(xs):
    return {"n": len(xs), "p50_ms": round(pct(xs, 50) * 1e3, 2), "p99_ms": round(pct(xs, 99) * 1e3, 2), "max_ms": round(max(xs) * 1e3, 2)}


def timed(imap, commands, reps):
    xs = []
    for _ in range(reps):
        for command in commands:
            t = time.perf_counter()
            imap.run(command)
            xs.append(time.perf_counter() - t)
    return lat(xs)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--imap", default="127.0.0.1:10143")
    p.add_argument("--user", default="alice@example.test")
    p.add_argument("--password", required=True)
    p.add_argument("--fill", type=int, default=0)
    p.add_argument("--wait", default="")
    p.add_argument("--reps", type=int, default=20)
    a = p.parse_args()
    vocabulary = words(4000)
    imap = Imap(a.imap, a.user, a.password)
    out = {"measure": "search", "target": "gatepost"}
    if a.fill:
        t = time.perf_counter()
        fill(imap, a.fill, vocabulary)
        out["fill_s"] = round(time.perf_counter() - t, 1)
        print(json.dumps(out))
        return
    if a.wait:
        t = time.perf_counter()
        subprocess.run(shlex.split(a.wait), check=True, stdout=subprocess.DEVNULL)
        out["index_s"] = round(time.perf_counter() - t, 1)
    exists = [line for line in imap.run("SELECT INBOX") if line.endswith("EXISTS\r\n")]
    out["inbox"] = int(exists[0].split()[1])
    some = [vocabulary[at] for at in (0, 3, 10, 40, 150, 600, 2000, 3900)]
    keys = [f"FUZZY TEXT {word}" for word in some]
    keys += [f"FUZZY TEXT {some[at]} FUZZY TEXT {some[at + 1]}" for at in range(7)]
    keys += [f'FUZZY TEXT "{some[0]} {some[1]}"', f"FUZZY FROM {some[3]}", f"FUZZY SUBJECT {some[2]} NOT FUZZY BODY {some[4]}"]
    fuzzy = [f"UID SEARCH RETURN (ALL COUNT) {key}" for key in keys]
    pages = [f"ESEARCH IN (personal) RETURN (X-GATEPOST-NEWEST 1:50) {key}" for key in keys + ["UNSEEN", "FUZZY KEYWORD $HasAttachment"]]
    for commands in (fuzzy, pages):
        timed(imap, commands, 2)
    out["fuzzy"] = timed(imap, fuzzy, a.reps)
    out["pages"] = timed(imap, pages, a.reps)
    out["exact"] = timed(imap, [f"UID SEARCH RETURN (COUNT) TEXT {word}" for word in some[3:6]], 2)
    print(json.dumps(out))


if __name__ == "__main__":
    main()
