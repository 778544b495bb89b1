//! Promise: what crosses the line between the engine and its viewers survives JSON unchanged.
#![allow(clippy::unwrap_used, reason = "tests fail by panicking")]

use crawldeck::crawl::protocol::change::ChangeAction;
use crawldeck::crawl::protocol::command::{Command, HostCommand, Origin};
use crawldeck::crawl::protocol::scene::Scene;
use crawldeck::crawl::protocol::snapshot::{DatabaseOutage, Snapshot};
use crawldeck::crawl::protocol::summary::Summary;
use crawldeck::settings::dials::Dials;
use crawldeck::settings::slow_motion::SlowMotion;
use serde_json::Value;

use crate::fixtures;

#[test]
fn every_snapshot_and_its_summary_survive() {
    for (name, snapshot) in fixtures::all() {
        let text = serde_json::to_string(&snapshot).unwrap();
        let back: Snapshot = serde_json::from_str(&text).unwrap();
        let value = |snapshot: &Snapshot| -> Value { serde_json::to_value(snapshot).unwrap() };
        assert_eq!(value(&back), value(&snapshot), "{name}");
        let summary = Summary::of(&snapshot, 3);
        let text = serde_json::to_string(&summary).unwrap();
        assert_eq!(serde_json::from_str::<Summary>(&text).unwrap(), summary, "{name}");
    }
}

/// A client of an earlier version sends the old name.
#[test]
fn commands_under_earlier_names_are_read() {
    let back: HostCommand = serde_json::from_str("\"skip_rest\"").unwrap();
    assert_eq!(back, HostCommand::SkipRemaining);
    assert_eq!(serde_json::to_string(&back).unwrap(), "\"skip_remaining\"");
    let mut snapshot = fixtures::permits_limited();
    snapshot.database_outage = Some(DatabaseOutage { text: "disk full".into(), since_s: 1.0 });
    let text = serde_json::to_string(&snapshot).unwrap();
    let earlier = text.replace("\"database_outage\"", "\"database_trouble\"");
    let back: Snapshot = serde_json::from_str(&earlier).unwrap();
    assert_eq!(back.database_outage, snapshot.database_outage);
}

/// A seed of an earlier version was added, and cannot be undone: what it brought is not known.
#[test]
fn seeds_of_earlier_journals_are_read() {
    let earlier = r#"{"seed":{"url":"http://a/"}}"#;
    let what: ChangeAction = serde_json::from_str(earlier).unwrap();
    assert_eq!((&*what.to_string(), what.is_undoable()), ("seed http://a/", false));
}

#[test]
fn commands_survive() {
    for command in [
        Command::Host("a:1".into(), HostCommand::NudgeLimit(-1)),
        Command::Exclude("/x/".into()),
        Command::AddSeed("http://a/".parse().unwrap()),
        Command::Scene(Some(Scene::Recovery)),
        Command::Scene(None),
        Command::Stage(Box::new(Scene::SlowDatabase.setup(Dials::default()))),
        Command::Slow(SlowMotion::new(0.1)),
        Command::Undo,
        Command::StopNow,
    ] {
        let text = serde_json::to_string(&(command.clone(), Origin::Api)).unwrap();
        let back: (Command, Origin) = serde_json::from_str(&text).unwrap();
        assert_eq!(back, (command, Origin::Api));
    }
}
