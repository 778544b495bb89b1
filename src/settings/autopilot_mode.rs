//! What the autopilot aims at.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Shortest and longest latency that can be asked for.
const LATENCIES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_mins(1));

/// What the autopilot aims at: `balanced`, `gentle`, `latency:300ms`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutopilotMode {
    /// Most pages per second without requests that only wait at the server.
    #[default]
    Balanced,
    /// Fewer requests in flight, where that costs a little throughput.
    Gentle,
    /// As many requests in flight as keep the 95th percentile of the latency below this.
    Latency(Duration),
}

impl fmt::Display for AutopilotMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Balanced => f.pad("balanced"),
            Self::Gentle => f.pad("gentle"),
            Self::Latency(p95) => write!(f, "latency:{}", humantime::format_duration(*p95)),
        }
    }
}

impl FromStr for AutopilotMode {
    type Err = String;

    /// # Errors
    /// What is wrong with the text, in a line fit for the user.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "balanced" => return Ok(Self::Balanced),
            "gentle" => return Ok(Self::Gentle),
            _ => {}
        }
        let Some(latency) = text.strip_prefix("latency:") else {
            return Err(format!(
                "the autopilot takes balanced, gentle or latency:300ms, not '{text}'"
            ));
        };
        let p95 = humantime::parse_duration(latency)
            .map_err(|error| format!("'{latency}' is no duration such as 300ms: {error}"))?;
        let (least, most) = LATENCIES;
        if !(least..=most).contains(&p95) {
            return Err(format!("the latency can be 1ms to 60s, not {latency}"));
        }
        Ok(Self::Latency(p95))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_are_read_as_they_are_written() {
        for text in ["balanced", "gentle", "latency:300ms", "latency:2s"] {
            assert_eq!(text.parse::<AutopilotMode>().unwrap().to_string(), text);
        }
        for wrong in ["", "fast", "latency", "latency:", "latency:0ms", "latency:2m", "300ms"] {
            assert!(wrong.parse::<AutopilotMode>().is_err(), "{wrong}");
        }
    }
}
