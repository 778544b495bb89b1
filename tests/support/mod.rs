//! What tests of the whole program share: the program as a child, the lab as another, a server
//! that misbehaves byte by byte, a look into the database.
#![allow(dead_code, reason = "no test file uses everything")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

pub mod database;

#[allow(unused_imports, reason = "no test file uses everything")]
pub use database::{assert_whole, number, rows, totals, try_rows};

/// Far more than anything here takes; a test that comes here has failed.
const TOO_LONG: Duration = Duration::from_mins(1);

/// Waits until `condition` holds; panics with `what` when it never does.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + TOO_LONG;
    while !condition() {
        assert!(Instant::now() < end, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

// The program --------------------------------------------------------------------------------

/// The program, in `folder`, with nothing of the caller's environment that would change it.
pub fn crawldeck(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crawldeck"));
    command.current_dir(folder).env_remove("NO_COLOR");
    // None of the user's own configuration.
    command.env("XDG_CONFIG_HOME", folder.join("no-config"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CRAWLDECK_") {
            command.env_remove(name);
        }
    }
    command
}

/// What a child has written so far.
type Text = Arc<Mutex<Vec<u8>>>;

/// A child being watched; killed when dropped.
pub struct Running {
    child: Child,
    stdout: Text,
    stderr: Text,
    readers: Vec<std::thread::JoinHandle<()>>,
}

/// How a child ended.
#[derive(Debug)]
pub struct Ended {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// The exit code; a signal is none.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        self
    }

    /// The one JSON object on standard output.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!(self.stdout.lines().count(), 1, "{self:#?}");
        let value: Value = serde_json::from_str(&self.stdout).expect("standard output is JSON");
        assert!(value.is_object(), "{value}");
        value
    }
}

fn gather(mut from: impl Read + Send + 'static, into: &Text) -> std::thread::JoinHandle<()> {
    let into = Arc::clone(into);
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            into.lock().unwrap().extend_from_slice(&buffer[..length]);
        }
    })
}

impl Running {
    /// Starts it with both outputs read and standard input empty, unless that is set.
    pub fn start(command: &mut Command) -> Self {
        Self::with_input(command, "")
    }

    /// Likewise, with something on standard input.
    pub fn with_input(command: &mut Command, input: &str) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It may end without reading any of it.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let (stdout, stderr) = (Text::default(), Text::default());
        let readers = vec![
            gather(child.stdout.take().unwrap(), &stdout),
            gather(child.stderr.take().unwrap(), &stderr),
        ];
        Self { child, stdout, stderr, readers }
    }

    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout.lock().unwrap()).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr.lock().unwrap()).into_owned()
    }

    /// Its number among the processes.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it is still there.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub fn signal(&self, signal: nix::sys::signal::Signal) {
        let pid = nix::unistd::Pid::from_raw(self.child.id() as i32);
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    /// Ends it without a chance to do anything about it.
    pub fn kill(mut self) -> Ended {
        let _ = self.child.kill();
        self.end()
    }

    /// Waits for its end.
    pub fn end(mut self) -> Ended {
        let end = Instant::now() + TOO_LONG;
        while self.is_running() {
            assert!(Instant::now() < end, "never ended: {}{}", self.stdout(), self.stderr());
            std::thread::sleep(Duration::from_millis(5));
        }
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        let status = self.child.wait().unwrap();
        Ended { status, stdout: self.stdout(), stderr: self.stderr() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the program in `folder` to its end.
pub fn run(folder: &Path, args: &[&str]) -> Ended {
    Running::start(crawldeck(folder).args(args)).end()
}

// The lab ------------------------------------------------------------------------------------

/// `crawldeck lab` as a process of its own.
pub struct LabProcess {
    running: Running,
    pub urls: Vec<String>,
}

impl LabProcess {
    pub fn start(args: &[&str]) -> Self {
        let mut command = crawldeck(Path::new("/"));
        let running = Running::start(command.arg("lab").args(args));
        wait_until("the lab listens", || running.stdout().lines().count() == 4);
        let urls = running
            .stdout()
            .lines()
            .map(|line| line.strip_prefix("listening ").expect("listening URL").to_owned())
            .collect();
        Self { running, urls }
    }

    /// The entry.
    pub fn entry(&self) -> &str {
        &self.urls[0]
    }

    pub fn truth(&self) -> Value {
        get_json(&format!("{}truth.json", self.entry()))
    }

    /// Requests that came so far.
    pub fn requests(&self) -> u64 {
        self.load()["requests"].as_u64().unwrap()
    }

    pub fn load(&self) -> Value {
        get_json(&format!("{}load.json", self.entry()))
    }

    pub fn end(self) -> Ended {
        self.running.signal(nix::sys::signal::Signal::SIGTERM);
        self.running.end()
    }
}

/// Body of a GET over a connection of its own.
pub fn get_json(url: &str) -> Value {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").expect("an answer");
    serde_json::from_str(body).expect("JSON")
}

// A server of our own ------------------------------------------------------------------------

/// A request as it came: path, and the whole head.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub head: String,
}

/// A server that answers each request with whatever `answer` writes, one a connection.
pub struct Web {
    pub address: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Web {
    /// Without a robots.txt and a sitemap, and without a record of requests for them.
    pub fn start(answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Self {
        Self::serve(true, answer)
    }

    /// Answers and records everything itself, robots.txt as well.
    pub fn start_with_robots(
        answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        Self::serve(false, answer)
    }

    fn serve(
        robots_apart: bool,
        answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (answer, seen) = (Arc::new(answer), Arc::clone(&requests));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answer, seen) = (Arc::clone(&answer), Arc::clone(&seen));
                std::thread::spawn(move || {
                    let Ok(mut stream) = stream else { return };
                    let Some(request) = read_request(&mut stream) else { return };
                    if robots_apart && matches!(&*request.path, "/robots.txt" | "/sitemap.xml") {
                        let _ = stream.write_all(&html(404, "none"));
                        return;
                    }
                    seen.lock().unwrap().push(request.clone());
                    answer(&request, &mut stream);
                });
            }
        });
        Self { address, requests }
    }

    /// A server of small HTML pages by path; what is not there is 404.
    pub fn of_pages(pages: &[(&str, &str)]) -> Self {
        let pages: Vec<_> =
            pages.iter().map(|(path, html)| ((*path).to_owned(), (*html).to_owned())).collect();
        Self::start(move |request, stream| {
            let found = pages.iter().find(|(path, _)| *path == request.path);
            let answer = found.map_or_else(|| html(404, "gone"), |(_, body)| html(200, body));
            let _ = stream.write_all(&answer);
        })
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Paths requested, sorted.
    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<_> = self.requests().into_iter().map(|request| request.path).collect();
        paths.sort();
        paths
    }
}

fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
        if !head[0].is_ascii_alphabetic() {
            // What a server says to TLS on a port without.
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n");
            return None;
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    Some(Request { path: head.split(' ').nth(1)?.to_owned(), head })
}

/// A whole answer with an HTML body.
pub fn html(status: u16, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} Any\r\ncontent-type: text/html; charset=utf-8\r\n\
         content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Waits until the client goes away.
pub fn hang(stream: &mut TcpStream) {
    let mut byte = [0];
    while let Ok(1) = stream.read(&mut byte) {}
}

// Waiting ------------------------------------------------------------------------------------

/// Runs something asynchronous from a test that is not.
pub fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(future)
}

/// Runs something that blocks from a test that must not.
pub async fn wait_in_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
