#!/usr/bin/env bash
# Draws assets/deck.svg and assets/demo.svg: plays demo.tape against the real binary on a terminal
# of 120 columns by 36 rows and keeps what is on screen. Takes about a minute once built.
# `assets/record.sh --release` records the optimised binary.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test "$@" --test demo_tape -- --ignored --exact record --nocapture
