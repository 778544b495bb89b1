//! The verdicts on recorded crawls: each scene was played once with real servers, and its snapshots give the
//! same verdicts each time.

use crawldeck::crawl::measure::verdict::VerdictJudge;
use crawldeck::crawl::protocol::verdict::Verdict;

use super::live::recordings;
use super::recording::snapshots;
use super::score::{MEASURED_S, Score};
use crate::verdict_scenes::{VERDICT_SCENES, VerdictScene};

/// What is said in each snapshot of a recording, and the score.
fn replayed(scene: &'static VerdictScene) -> (Vec<Verdict>, Score) {
    let path = recordings().join(format!("{}.jsonl", scene.name));
    let text =
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", scene.name));
    let recorded = snapshots(&text);
    let end_s = recorded.last().unwrap().at_s;
    let mut score = Score::new(scene, (end_s - MEASURED_S).max(0.0));
    let mut judge = VerdictJudge::default();
    let said = recorded.iter().map(|s| {
        let verdict = judge.judge(s);
        score.note(s, &verdict);
        verdict
    });
    (said.collect(), score)
}

#[test]
fn the_verdict_on_each_recorded_scene_is_right_and_steady() {
    let scores: Vec<_> = VERDICT_SCENES.iter().map(|scene| replayed(scene).1).collect();
    let table: Vec<_> = scores.iter().map(Score::row).collect();
    println!("{}\n{}", Score::HEAD, table.join("\n"));
    let wrong: Vec<_> = scores.iter().filter_map(Score::fault).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_recording_gives_the_same_verdicts_again() {
    for scene in VERDICT_SCENES {
        assert_eq!(replayed(scene).0, replayed(scene).0, "{}", scene.name);
    }
}

#[test]
fn recordings_are_small_and_of_scenes() {
    let files = std::fs::read_dir(recordings()).unwrap().map(Result::unwrap);
    let mut sizes: Vec<_> =
        files.map(|file| (file.file_name(), file.metadata().unwrap().len())).collect();
    sizes.sort();
    let names: Vec<_> = sizes.iter().map(|(name, _)| name.to_str().unwrap().to_owned()).collect();
    let mut scenes: Vec<_> = VERDICT_SCENES.iter().map(|s| format!("{}.jsonl", s.name)).collect();
    scenes.sort();
    assert_eq!(names, scenes);
    assert!(sizes.iter().all(|(_, size)| *size < 30 << 10), "{sizes:?}");
    assert!(sizes.iter().map(|(_, size)| size).sum::<u64>() < 500 << 10, "{sizes:?}");
}
