//! The parent's end of a strategy's process.
//!
//! The child runs only while its standard input is open, so no child is left when this process ends,
//! even by SIGKILL.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child as Process, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::ipc::{GO, StrategyEvent, StrategyJob};
use super::strategy::Strategy;

/// Maximum bytes read from standard error.
const MAX_STDERR: u64 = 16 << 10;
/// How long a child may take to end after a stop request before it is killed. Its own limit is shorter.
const GRACE: Duration = Duration::from_secs(5);

/// A running strategy; killed when dropped.
#[derive(Debug)]
pub struct Child {
    process: Process,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    stderr_text: JoinHandle<String>,
}

impl Child {
    /// Starts `program` as `strategy`. [`Child::send_job`] sends its job.
    ///
    /// # Errors
    /// The system cannot start the program.
    pub fn start(program: &Path, strategy: Strategy) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(["strategy", strategy.name()]);
        // Options of a crawl must not apply to it.
        for (name, _) in std::env::vars_os() {
            if is_crawldeck_option(&name) {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A signal for the foreground process group must not reach it: this process requests the stop,
        // and then reads the figures.
        command.process_group(0).kill_on_drop(true);
        let mut process = command.spawn()?;
        let missing = || io::Error::from(io::ErrorKind::BrokenPipe);
        let stdin = process.stdin.take();
        let stdout = process.stdout.take().ok_or_else(missing)?;
        let stderr = process.stderr.take().ok_or_else(missing)?;
        let stderr_text = tokio::spawn(async move {
            let mut text = String::new();
            // An error leaves the text empty or cut.
            let _ = stderr.take(MAX_STDERR).read_to_string(&mut text).await;
            text
        });
        Ok(Self { process, stdin, lines: BufReader::new(stdout).lines(), stderr_text })
    }

    /// Sends its job.
    ///
    /// # Errors
    /// The process has ended already.
    pub async fn send_job(&mut self, job: &StrategyJob) -> io::Result<()> {
        let mut line = serde_json::to_string(job)?;
        line.push('\n');
        self.write(&line).await
    }

    /// Lets the first request begin.
    ///
    /// # Errors
    /// The process has ended already.
    pub async fn start_requests(&mut self) -> io::Result<()> {
        self.write(GO).await
    }

    async fn write(&mut self, line: &str) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(line.as_bytes()).await?;
        stdin.flush().await
    }

    /// The next event; `None` when there will be none.
    pub async fn next(&mut self) -> Option<StrategyEvent> {
        loop {
            let line = self.lines.next_line().await.ok().flatten()?;
            if let Ok(event) = serde_json::from_str(&line) {
                return Some(event);
            }
        }
    }

    /// Requests a stop by closing its standard input.
    pub fn request_stop(&mut self) {
        self.stdin = None;
    }

    /// Waits for its end. Returns the reason if it failed.
    pub async fn wait(mut self) -> Option<String> {
        self.request_stop();
        let Ok(status) = tokio::time::timeout(GRACE, self.process.wait()).await else {
            let _ = self.process.kill().await;
            return Some("did not end in time and was killed".into());
        };
        let status = status.ok()?;
        if status.success() {
            return None;
        }
        let text = self.stderr_text.await.unwrap_or_default();
        let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
        let reason = exit_reason(status);
        Some(last.map_or_else(|| reason.clone(), |last| format!("{reason}: {last}")))
    }
}

/// How a failed process ended.
fn exit_reason(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => status.to_string(),
    }
}

fn is_crawldeck_option(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"CRAWLDECK_")
}
