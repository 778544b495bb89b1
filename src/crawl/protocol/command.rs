//! What can be changed while a crawl runs: dials, pause, undo, stop.
//!
//! Commands are relative ([`Command::Nudge`]) except for typed values ([`Command::Set`]):
//! two quick key presses computed from one snapshot would lose one.

use crate::settings::dials::{Dial, Setting};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::crawl::protocol::scene::{Scene, Setup};
use crate::settings::autopilot_mode::AutopilotMode;
use crate::settings::faults::{Fault, FaultSetting};
use crate::settings::slow_motion::SlowMotion;

/// What can be done to one host while a crawl runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostCommand {
    /// Changes its limit of requests in flight by this many; down from "no limit" it starts at what is in
    /// flight now.
    NudgeLimit(i32),
    /// Sets its limit of requests in flight; `None` for no limit but the permits.
    SetLimit(Option<u32>),
    /// Stops requests to it, until the next toggle.
    ToggleHold,
    /// Skips its remaining URLs, and those found from now on.
    #[serde(alias = "skip_rest")]
    SkipRemaining,
    /// Closes its breaker and ends its cooldown: requests may start at once.
    ResetBreaker,
}

/// Maximum of a host's own limit, in requests in flight.
pub const MAX_PER_HOST: u32 = 4096;

/// Everything that can be changed while a crawl runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Something about one host, named with its port as in URLs: `127.0.0.1:8700`.
    Host(Arc<str>, HostCommand),
    /// Excludes all URLs that match this regular expression: those queued are skipped at once,
    /// those found later as well. Can be undone.
    Exclude(Arc<str>),
    /// Adds a URL to begin with; its host joins the scope.
    AddSeed(Url),
    /// Turns a dial by so many steps: units for counts, rungs of a 1-2-5 ladder for the rate.
    /// The result is clamped to the dial's range.
    Nudge(Dial, i32),
    /// Turns permits by so many, and workers with them: they follow as
    /// [`workers_for`](crate::settings::dials::workers_for) says, unless the user set them apart: then they turn
    /// by as many.
    NudgeBoth(i32),
    /// Sets a dial to a typed value.
    Set(Setting),
    /// Makes a fault so many rungs of its ladder worse, or milder where negative.
    NudgeFault(Fault, i32),
    /// Puts a fault to a typed level, or off.
    Fault(FaultSetting),
    /// Turns all faults off.
    ClearFaults,
    /// Sets the stage for a scene: its dials and faults. `None` puts back what was before the first.
    Scene(Option<Scene>),
    /// Puts dials, faults, autopilot and scene as they are in it, in one step; a stage that is set like that
    /// already stays without a word.
    Stage(Box<Setup>),
    /// Slows the lab's server and the saver down, or lets them take their own time (`None`).
    Slow(Option<SlowMotion>),
    /// Adds the user's reason to pause, or takes it away.
    TogglePause,
    /// Turns the last change that is not yet undone back.
    Undo,
    /// Applies the change that was turned back last once more, unless another change came since.
    Redo,
    /// Pins the present setting; when one is pinned and another is in force, compares both; when the
    /// comparison is over, drops it.
    Pin,
    /// Gives the dials to the autopilot, or takes them back (`None`).
    Autopilot(Option<AutopilotMode>),
    /// Takes the dials back from the autopilot, or gives them to it in the mode that it had last.
    ToggleAutopilot,
    /// Stops gracefully: what is in flight finishes and is saved.
    Stop,
    /// Stops at once: requests in flight are given up; what was handed to the saver is saved.
    StopNow,
}

/// Who gave a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The settings with which a crawl starts or resumes.
    Start,
    /// An option that differs from what the resumed crawl was stored with.
    Resume,
    /// A key on the dashboard.
    #[serde(alias = "user")]
    Key,
    /// A command typed on the dashboard.
    Typed,
    /// The autopilot, or the sweep of `tune`.
    Autopilot,
    /// A step of a scene.
    Scene,
    /// A signal from the operating system.
    Signal,
    /// The terminal was closed, or the dashboard on it failed. A stop from here is never more than a
    /// graceful one, however often it is given: a terminal that goes sends several signals, and the
    /// dashboard sees it as well.
    Terminal,
    /// Another program through the library.
    Api,
}

impl Origin {
    /// The word stored in the journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Resume => "resume",
            Self::Key => "key",
            Self::Typed => "typed",
            Self::Autopilot => "autopilot",
            Self::Scene => "scene",
            Self::Signal => "signal",
            Self::Terminal => "terminal",
            Self::Api => "api",
        }
    }
}
