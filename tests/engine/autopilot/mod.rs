//! The autopilot: what it promises whatever the server does, and what it gives on simulated servers.

mod promises;
mod suite;
