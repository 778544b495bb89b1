//! The parent's end of a strategy's process.
//!
//! The child lives as long as its standard input is open, so none is left behind when this process
//! dies, however it dies.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child as Process, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::Strategy;
use super::order::{Event, GO, Order};

/// What a child may have to say about its death, in bytes.
const LAST_WORDS: u64 = 16 << 10;
/// How long a child may take to end that was told to, before it is killed. It ends by itself sooner.
const GRACE: Duration = Duration::from_secs(5);

/// A running strategy; killed when dropped.
#[derive(Debug)]
pub struct Child {
    process: Process,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    last_words: JoinHandle<String>,
}

impl Child {
    /// Starts `program` as `strategy`. It is told what to do by [`Child::tell`].
    ///
    /// # Errors
    /// When the system refuses.
    pub fn start(program: &Path, strategy: Strategy) -> io::Result<Self> {
        let mut command = Command::new(program);
        command.args(["strategy", strategy.name()]);
        // Options of a crawl are none of its business.
        for (name, _) in std::env::vars_os() {
            if is_ours(&name) {
                command.env_remove(name);
            }
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // What interrupts us is not for it: we tell it to end, and hear what it has measured.
        command.process_group(0).kill_on_drop(true);
        let mut process = command.spawn()?;
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        let stdin = process.stdin.take();
        let stdout = process.stdout.take().ok_or_else(closed)?;
        let stderr = process.stderr.take().ok_or_else(closed)?;
        let last_words = tokio::spawn(async move {
            let mut text = String::new();
            // What cannot be read is not said.
            let _ = stderr.take(LAST_WORDS).read_to_string(&mut text).await;
            text
        });
        Ok(Self { process, stdin, lines: BufReader::new(stdout).lines(), last_words })
    }

    /// Gives it its order.
    ///
    /// # Errors
    /// When it is dead already.
    pub async fn tell(&mut self, order: &Order) -> io::Result<()> {
        let mut line = serde_json::to_string(order)?;
        line.push('\n');
        self.write(&line).await
    }

    /// Lets it begin.
    ///
    /// # Errors
    /// When it is dead already.
    pub async fn go(&mut self) -> io::Result<()> {
        self.write(GO).await
    }

    async fn write(&mut self, line: &str) -> io::Result<()> {
        let stdin = self.stdin.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        stdin.write_all(line.as_bytes()).await?;
        stdin.flush().await
    }

    /// The next event; `None` when there will be none.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            let line = self.lines.next_line().await.ok().flatten()?;
            if let Ok(event) = serde_json::from_str(&line) {
                return Some(event);
            }
        }
    }

    /// Lets it know that nobody wants the rest.
    pub fn let_go(&mut self) {
        self.stdin = None;
    }

    /// Sees it out. Returns why, if it died of something.
    pub async fn end(mut self) -> Option<String> {
        self.let_go();
        let Ok(status) = tokio::time::timeout(GRACE, self.process.wait()).await else {
            let _ = self.process.kill().await;
            return Some("did not end in time and was killed".into());
        };
        let status = status.ok()?;
        if status.success() {
            return None;
        }
        let words = self.last_words.await.unwrap_or_default();
        let last = words.lines().map(str::trim).rfind(|line| !line.is_empty());
        let how = how(status);
        Some(last.map_or_else(|| how.clone(), |last| format!("{how}: {last}")))
    }
}

/// How a process ended that did not end well.
fn how(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt as _;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with code {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => status.to_string(),
    }
}

fn is_ours(name: &OsStr) -> bool {
    name.as_encoded_bytes().starts_with(b"CRAWLDECK_")
}
