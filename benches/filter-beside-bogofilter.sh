#!/usr/bin/env bash
# How much junk is found, and how much wanted mail is taken for junk, beside bogofilter (Debian: apt install bogofilter) on the
# same halves of ../shared/corpora/spam: the one half of the conversations learned, the other judged.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v bogofilter >/dev/null || { echo "apt install bogofilter first" >&2; exit 1; }
split=$(mktemp -d)
trap 'rm -rf "$split"' EXIT
GATEPOST_SPLIT="$split" cargo nextest run --locked -p filter spam:: --no-capture 2>&1 | grep '^wanted mail put into Junk' | sed 's/^/gatepost:   /'
mkdir "$split/db"
for kind in junk:-s wanted:-n; do
  find "$split/learn/${kind%%:*}" -type f | sort | bogofilter -d "$split/db" -b "${kind##*:}" 2>/dev/null || true
done
count() { find "$split/judge/$1" -type f | sort | bogofilter -d "$split/db" -b -T 2>/dev/null | awk -v want="$2" '$2 == want {n++} END {print n + 0}'; }
of() { find "$split/judge/$1" -type f | wc -l; }
printf 'bogofilter: wanted mail taken for junk: %s of %s (unsure %s); junk found: %s of %s (unsure %s)\n' \
  "$(count wanted S)" "$(of wanted)" "$(count wanted U)" "$(count junk S)" "$(of junk)" "$(count junk U)"
