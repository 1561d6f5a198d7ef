#!/bin/bash
# Workers on a Slurm cluster, one for each GPU: sbatch docs/examples/scale/slurm.sh, from a checkout that all nodes see.
#SBATCH --job-name=atlas
#SBATCH --array=1-20
#SBATCH --gres=gpu:1
#SBATCH --cpus-per-task=4
#SBATCH --mem=32G
#SBATCH --time=12:00:00
# SIGINT a minute before the time is over: the worker saves what its job has so far, and gives it back.
#SBATCH --signal=INT@60
set -euo pipefail

# PGPASSWORD and, for a bucket, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL: one export a line, in
# a file that nobody else may read.
source "$HOME/.config/atlas.env"

exec srun npx atlas work \
  --queue postgres://atlas@db.example.org/atlas \
  --store s3://perturbation-atlas-store/paper \
  --provider cuda --idle 15m --cache "${TMPDIR:-/tmp}/atlas-$SLURM_JOB_ID"
