//! Database servers of a test's own, which it may kill, and disks that are soon full.

#![allow(dead_code, reason = "no test file uses everything")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A server, ended and deleted when it is dropped.
pub struct Server {
    /// `postgres` or `mariadb`.
    pub name: &'static str,
    home: TempDir,
    /// As its administrator.
    pub url: url::Url,
}

impl Server {
    pub fn start(name: &'static str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let said = script(home.path(), &["start", name]);
        let url = said.split('\'').find(|word| word.contains("://")).unwrap();
        Self { name, url: url::Url::parse(url).unwrap(), home }
    }

    /// SIGKILL.
    pub fn kill(&self) {
        script(self.home.path(), &["kill", self.name]);
    }

    /// SIGSTOP: it takes connections, and never answers until the guard is dropped.
    pub fn freeze(&self) -> Frozen {
        script(self.home.path(), &["freeze", self.name]);
        Frozen { home: self.home.path().to_owned(), name: self.name }
    }

    /// Starts it again, which has to make good for how it ended.
    pub fn restart(&self) {
        script(self.home.path(), &["restart", self.name]);
    }

    /// Killed and started again.
    pub async fn dies_and_comes_back(&self) {
        let (home, name) = (self.home.path().to_owned(), self.name);
        let run = move || ["kill", "restart"].map(|what| script(&home, &[what, name]));
        tokio::task::spawn_blocking(run).await.unwrap();
    }

    /// Where its data is.
    pub fn data(&self) -> PathBuf {
        self.home.path().join(self.name)
    }

    /// Makes the server's user the owner of a folder.
    pub fn give(&self, folder: &Path) {
        use std::os::unix::fs::{MetadataExt, chown};
        let owner = std::fs::metadata(self.data()).unwrap().uid();
        chown(folder, Some(owner), None).unwrap();
    }

    /// A small disk on a folder, the server's own.
    pub fn small_disk(&self, folder: PathBuf, megabytes: u32) -> SmallDisk {
        let disk = SmallDisk::on(folder, megabytes);
        self.give(&disk.0);
        disk
    }
}

/// A server that does not answer. Dropped, it does.
pub struct Frozen {
    home: PathBuf,
    name: &'static str,
}

impl Drop for Frozen {
    fn drop(&mut self) {
        script(&self.home, &["thaw", self.name]);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        script(self.home.path(), &["stop"]);
    }
}

fn script(home: &Path, arguments: &[&str]) -> String {
    let output = Command::new("tests/servers.sh")
        .args(arguments)
        .env("CRAWLDECK_SERVERS", home)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A file system of its own, of a few MB, on a folder; only the superuser may make one.
pub struct SmallDisk(pub PathBuf);

impl SmallDisk {
    pub fn on(folder: PathBuf, megabytes: u32) -> Self {
        let size = format!("size={megabytes}m,mode=0777");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "crawldeck-test"])
            .arg(&folder)
            .status()
            .unwrap();
        assert!(mounted.success(), "mounting needs the superuser");
        Self(folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Lets everybody through a folder.
pub fn open_to_all(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}
