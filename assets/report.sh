#!/usr/bin/env bash
# Draws assets/report.png: crawls the lab with dials turned, writes the report, takes its picture with
# Chromium. Takes about a minute once built.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test "$@" --test export_report -- --ignored --exact report::picture::draw --nocapture
