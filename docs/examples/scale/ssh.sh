#!/bin/bash
# Workers on machines that ssh reaches: docs/examples/scale/ssh.sh host1 host2 …
# Each has a checkout of the same commit in ~/perturbation-atlas in which npm ci was run, and ~/.config/atlas.env with
# PGPASSWORD and the bucket's credentials, one export a line, which nobody else may read.
set -euo pipefail

for host in "$@"; do
  ssh "$host" 'cd perturbation-atlas && source ~/.config/atlas.env && nohup npx atlas work \
    --queue postgres://atlas@db.example.org/atlas \
    --store s3://perturbation-atlas-store/paper \
    --idle 1h --json > worker.jsonl 2> worker.log < /dev/null &'
  echo "$host works; its log is perturbation-atlas/worker.log there."
done
