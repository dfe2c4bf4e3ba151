#!/bin/sh
# GNU parallel: one line for the cores of this machine; with --sshloginfile HOSTS, for other machines too.
# The job log continues a broken run: parallel skips what is done, and a shard continues by itself.
parallel --joblog parallel.log --resume-failed \
    halfclose sweep q123208 --seeds 100000000 -s link.loss=1% --fail-on truncated \
    --rows unexpected --jobs 1 --shard {}/8 --out rows-{}.jsonl.zst --summary shard-{}.json \
    --findings-ok ::: 1 2 3 4 5 6 7 8
halfclose merge shard-*.json --out rows.jsonl --summary whole.json --findings-ok
