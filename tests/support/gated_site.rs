//! A site whose pages are answered when the test says so.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use crate::support::{Running, Web, crawldeck, html, try_rows, wait_until};

/// A home page with links to pages whose answers wait until the gate is open.
pub struct Site {
    pub web: Web,
    open: Arc<(Mutex<bool>, Condvar)>,
}

/// Pages behind the gate.
pub const PAGES: usize = 6;

impl Site {
    pub fn start() -> Self {
        let open = Arc::new((Mutex::new(false), Condvar::new()));
        let gate = Arc::clone(&open);
        let web = Web::start(move |request, stream| {
            use std::io::Write;
            let links: Vec<_> = (0..PAGES).map(|n| format!("<a href=/{n}>x</a>")).collect();
            let home = links.concat();
            let body = if request.path == "/" {
                home.as_str()
            } else {
                let (lock, opened) = &*gate;
                drop(opened.wait_while(lock.lock().unwrap(), |open| !*open).unwrap());
                "<p>page"
            };
            let _ = stream.write_all(&html(200, body));
        });
        Self { web, open }
    }

    pub fn open(&self) {
        *self.open.0.lock().unwrap() = true;
        self.open.1.notify_all();
    }

    /// A crawl of it that has saved its home page and waits for the others.
    #[allow(dead_code, reason = "not every test uses it")]
    pub fn crawled(&self, folder: &Path) -> Running {
        let url = self.web.url("/");
        let args = ["crawl", &url, "--json", "--headless"];
        let running = Running::start(crawldeck(folder).args(args));
        let db = folder.join("crawldeck.db");
        let home = "SELECT count(*) FROM scraped_pages";
        wait_until("the home page is saved", || {
            try_rows::<(i64,)>(&db, home).is_ok_and(|rows| rows[0].0 == 1)
        });
        wait_until("the others are requested", || self.web.paths().len() > PAGES);
        running
    }
}
