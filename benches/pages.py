#!/usr/bin/env python3
"""Page latencies of the webmail over one kept-open connection and session. One JSON line.

    pages.py --http http://127.0.0.1:10080 --user u150@bench.test --password benchpass1

Measures: login (sign-in page, POST, and the mailbox page it leads to, a new session each), list (the page of
the newest messages of the INBOX, whole page), open (one message), search. Server time only: no browser, no assets.
"""
import argparse, html, http.client, json, math, re, time, urllib.parse


def pct(xs, p):
    xs = sorted(xs)
    return xs[min(len(xs) - 1, math.ceil(p / 100 * len(xs)) - 1)]


def lat(xs):
    return {"n": len(xs), "p50_ms": round(pct(xs, 50) * 1e3, 2), "p99_ms": round(pct(xs, 99) * 1e3, 2), "min_ms": round(min(xs) * 1e3, 2)}


class Session:
    def __init__(self, base):
        u = urllib.parse.urlparse(base)
        self.base = base
        self.c = http.client.HTTPConnection(u.hostname, u.port, timeout=600)
        self.jar = {}

    def req(self, method, path, form=None):
        h = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.jar.items()), "User-Agent": "Mozilla/5.0 bench", "Origin": self.base, "Sec-Fetch-Site": "same-origin"}
        if form:
            h["Content-Type"] = "application/x-www-form-urlencoded"
        self.c.request(method, path, urllib.parse.urlencode(form) if form else None, h)
        r = self.c.getresponse()
        data = r.read().decode(errors="replace")
        for k, v in r.getheaders():
            if k.lower() == "set-cookie":
                n, _, w = v.split(";", 1)[0].partition("=")
                self.jar[n] = w
        if r.status in (301, 302, 303):
            return self.req("GET", urllib.parse.urljoin(path, r.getheader("Location")))
        if r.status != 200:
            raise SystemExit(f"pages: {r.status} for {path}: {data[:300]}")
        return data

    def login(self, user, password, fields):
        page = self.req("GET", "/sign-in")
        form = {html.unescape(n): html.unescape(v) for n, v in re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page)}
        form.update({fields[0]: user, fields[1]: password})
        return self.req("POST", "/sign-in", form)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--http", default="http://127.0.0.1:10080")
    p.add_argument("--user", default="u150@bench.test")
    p.add_argument("--password", default="benchpass1")
    p.add_argument("--reps", type=int, default=100)
    p.add_argument("--list", default="/mail/INBOX", help="path of the list page")
    p.add_argument("--open", default=r'href="(/mail/INBOX/\d+[^"]*)"', help="pattern of links to messages in the list page")
    p.add_argument("--search", default="/mail/INBOX?q=re", help="path of a search")
    p.add_argument("--fields", nargs=2, default=["name", "password"], help="names of the sign-in fields")
    a = p.parse_args()
    out = {"measure": "webmail", "target": "gatepost"}
    xs = []
    for _ in range(max(10, a.reps // 4)):
        s = Session(a.http)
        t = time.perf_counter()
        s.login(a.user, a.password, a.fields)
        xs.append(time.perf_counter() - t)
    out["login"] = lat(xs)
    ls, links = [], []
    for i in range(a.reps + 3):
        t = time.perf_counter()
        d = s.req("GET", a.list)
        e = time.perf_counter() - t
        links = list(dict.fromkeys(html.unescape(x) for x in re.findall(a.open, d)))
        if i >= 3:
            ls.append(e)
    if len(links) < 40:
        raise SystemExit(f"pages: only {len(links)} messages linked in the list page: {d[:500]}")
    out["list"] = {**lat(ls), "messages": len(links)}
    op = []
    for i in range(a.reps):
        t = time.perf_counter()
        s.req("GET", links[i % len(links)])
        op.append(time.perf_counter() - t)
    out["open"] = lat(op)
    sr = []
    for _ in range(10):
        t = time.perf_counter()
        s.req("GET", a.search)
        sr.append(time.perf_counter() - t)
    out["search"] = lat(sr)
    print(json.dumps(out))


if __name__ == "__main__":
    main()
