//! How long the program takes to start and to stop: `cargo bench --bench start`.
//!
//! Medians of `RUNS` (20) runs: `crawldeck --help`; from the start of `crawldeck crawl` with a new SQLite
//! file to its first request; and from an interrupt to the end of a crawl that waits for its host, whose
//! robots.txt demands a long delay.

#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]
#![allow(clippy::doc_markdown, reason = "names of databases are no code")]
#![allow(clippy::print_stdout, reason = "it prints what it measured")]

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long a crawl is left alone before it is stopped, so that it waits for its host by then.
const IDLE: Duration = Duration::from_millis(500);

const ROBOTS: &str = "User-agent: *\nCrawl-delay: 120\n";

/// Says when a request came, and demands a delay.
fn serve(listener: &TcpListener, tell: &mpsc::Sender<Instant>) {
    for stream in listener.incoming() {
        let (stream, tell) = (stream.unwrap(), tell.clone());
        std::thread::spawn(move || answer(stream, &tell));
    }
}

fn answer(mut stream: TcpStream, tell: &mpsc::Sender<Instant>) {
    let Some(Ok(_)) = BufReader::new(&stream).lines().next() else { return };
    let _ = tell.send(Instant::now());
    let length = ROBOTS.len();
    // Who asked may be gone by now.
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{ROBOTS}"
    );
}

fn crawldeck() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crawldeck"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

fn print(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!(
        "{what}: median {:.1} ms, {:.1} to {:.1}",
        ms(times[times.len() / 2]),
        ms(times[0]),
        ms(times[times.len() - 1])
    );
}

fn main() {
    // A test runner that asks for the tests in here: there are none.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let runs: usize = std::env::var("RUNS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let seed = format!("http://{}/", listener.local_addr().unwrap());
    let (tell, requests) = mpsc::channel();
    std::thread::spawn(move || serve(&listener, &tell));
    let folder = tempfile::tempdir().unwrap();
    let (mut help, mut first, mut stop) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..runs {
        let begin = Instant::now();
        crawldeck().arg("--help").status().unwrap();
        help.push(begin.elapsed());

        let file = folder.path().join(format!("{run}.db"));
        let begin = Instant::now();
        let mut crawl =
            crawldeck().args(["crawl", &seed, "--headless", "--db"]).arg(&file).spawn().unwrap();
        first.push(requests.recv().unwrap() - begin);
        std::thread::sleep(IDLE);
        let begin = Instant::now();
        kill(Pid::from_raw(crawl.id() as i32), Signal::SIGINT).unwrap();
        let code = crawl.wait().unwrap().code();
        stop.push(begin.elapsed());
        assert_eq!(code, Some(3), "stopped before the end");
    }
    print("--help", help);
    print("start to first request", first);
    print("stop when idle", stop);
}
