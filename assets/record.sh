#!/usr/bin/env bash
# Draws assets/deck.svg, assets/demo.svg, assets/slow-database.svg and assets/tour.svg: plays demo.tape,
# assets/slow-database.tape and assets/tour.tape against the real binary on a terminal of 120 columns by
# 36 rows and keeps what is on screen. Takes about three minutes once built.
# `assets/record.sh --release` records the optimised binary; `TAPES=tour assets/record.sh` one of them.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test "$@" --test ui -- --ignored --exact demo_tape::record --nocapture
