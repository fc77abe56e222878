#!/bin/bash
# Measures Gatepost beside Postfix + Dovecot + Roundcube, one measure after the other and peer by peer within each, so that drift
# of the machine hits all alike. One JSON line a measure.
#
#   benches/beside-peers.sh OUT.jsonl [fill] [measure...]      (no measures: all but fill)
#
# Before it: `../shared/bench/peers-up.sh dovecot postfix roundcube`, and a release build that serves DIR (set DIR, default
# /tmp/gatepost-bench) made by `gatepost init --dir DIR --domain bench.test --ports-from 20000 --loopback ...` with accounts
# u000@bench.test to u199@bench.test of the peers' password. `fill` puts 20,000 messages into the mailbox that is read.
OUT=$(realpath "${1:?out file}"); shift
PAGES=$(realpath "$(dirname "$0")")/pages.py
cd "$(dirname "$PAGES")/../../shared/bench" || exit 1
DIR=${DIR:-/tmp/gatepost-bench} PEERS=${PEERS:-/tmp/peers}
declare -A TARGET=([peer]="--name postfix+dovecot" [ours]="--name gatepost --smtp 20025 --imap 20143 --pop3 20110")
declare -A PID=([peer]=$PEERS/pids/dovecot.pid [ours]=$DIR/pid)
pgrep -f "serve --config $DIR/" | head -1 >"$DIR/pid"

run() { # measure, flags
  for who in peer ours; do
    [ "$1" = idle ] && set -- "$@" --pidfile "${PID[$who]}"
    timeout 590 python3 bench.py "$1" ${TARGET[$who]} "${@:2}" >>"$OUT" || echo "{\"measure\":\"$1\",\"who\":\"$who\",\"failed\":true}" >>"$OUT"
  done
}
smtp() { run smtp --size 4096 --mail-from x@localhost --helo localhost --reps 1 "$@"; }

for measure in ${*:-login envelopes fetch append1 append8 store idle smtp1 smtp8 smtp32 pages}; do
  case $measure in
    fill) run fill --index 190 --count 20000 ;;
    login) run login --index 0 --clients 4 --seconds 5 --distinct 20 --warm ;;
    envelopes) run envelopes --index 190 ;;
    fetch) run fetch --index 190 --count 4000 --reps 3 ;;
    append1) run append --index 180 --clients 1 --messages 500 ;;
    append8) run append --index 180 --clients 8 --messages 800 ;;
    store) run store --index 190 --messages 500 ;;
    search) run search --index 190 --reps 3 --budget 20 ;;
    pop3) run pop3 --index 191 --reps 5 ;;
    idle) run idle ;;
    smtp1) smtp --sessions 1 --messages 560 --index 0 ;;
    smtp8) smtp --sessions 8 --index 2 ;;
    smtp32) smtp --sessions 32 --index 18 ;;
    pages)
      python3 webmail_roundcube.py --user u190@bench.test >>"$OUT"
      python3 "$PAGES" --http http://127.0.0.1:20080 --user u190@bench.test >>"$OUT" ;;
  esac
done
