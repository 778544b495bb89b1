//! Phases of a request, told as they begin.

/// What a request is waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A connection: name, TCP, TLS.
    Connect,
    /// The head of the answer.
    FirstByte,
    /// The rest of the body.
    Body,
}

/// Is told each phase as it begins. A request on a pooled connection has no
/// [`Phase::Connect`]; each redirect begins again.
pub trait PhaseSink: Send + Sync {
    /// `phase` begins.
    fn phase(&self, phase: Phase);
}

/// Nobody listens.
impl PhaseSink for () {
    fn phase(&self, _: Phase) {}
}
