#!/usr/bin/env bash
# Draws assets/deck.svg, assets/demo.svg and assets/slow-database.svg: plays demo.tape and
# assets/slow-database.tape against the real binary on a terminal of 120 columns by 36 rows and keeps
# what is on screen. Takes about two minutes once built.
# `assets/record.sh --release` records the optimised binary.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test "$@" --test ui -- --ignored --exact demo_tape::record --nocapture
