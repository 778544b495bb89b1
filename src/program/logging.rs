//! Where log lines go.

use std::io::IsTerminal;
use std::path::Path;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::error::ProgramError;
use crate::cli::LogOptions;

/// Starts logging: to the dashboard's Log tab, or to standard error without a dashboard; also to
/// `file` if there is one. The guard returned writes the file: keep it as long as anything is logged.
pub(super) fn start_logging(
    dashboard: bool,
    options: LogOptions,
    file: Option<&Path>,
) -> Result<Option<tracing_appender::non_blocking::WorkerGuard>, ProgramError> {
    let filter = |levels: [&str; 3]| {
        let level = levels[usize::from(options.verbose).min(2)];
        let level = if options.is_quiet() { "off" } else { level };
        EnvFilter::try_from_env("CRAWLDECK_LOG")
            .unwrap_or_else(|_| EnvFilter::new(format!("crawldeck={level}")))
    };
    let mut guard = None;
    let to_file = match file {
        None => None,
        Some(path) => {
            let file = std::fs::OpenOptions::new()
                .create(true)
                .append(true)
                .open(path)
                .map_err(ProgramError::io(format!("--log-file {}", path.display())))?;
            let (writer, worker) = tracing_appender::non_blocking(file);
            guard = Some(worker);
            let layer = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(writer);
            Some(layer.with_filter(filter(["info", "debug", "trace"])))
        }
    };
    let to_terminal = (!dashboard).then(|| {
        tracing_subscriber::fmt::layer()
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none())
            .with_filter(filter(["error", "info", "debug"]))
    });
    let registry = tracing_subscriber::registry().with(to_file).with(to_terminal);
    #[cfg(feature = "tui")]
    {
        let tab = dashboard
            .then(|| crate::ui::log_layer().with_filter(filter(["debug", "debug", "trace"])));
        registry.with(tab).init();
    }
    #[cfg(not(feature = "tui"))]
    registry.init();
    Ok(guard)
}
