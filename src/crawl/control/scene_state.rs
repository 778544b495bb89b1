//! The scene that is on, and what it changes by itself.

use crate::crawl::control::fault_setup::FaultSetup;
use crate::crawl::protocol::scene::{Scene, Setup};
use crate::settings::faults::{FaultSetting, Faults};

/// The scene that is on.
#[derive(Debug, Default)]
pub(super) struct Scenes {
    /// It.
    pub(super) on: Option<Scene>,
    /// What was before the first.
    pub(super) before: Option<Setup>,
    /// When it began, in seconds since the start of this run.
    began_s: f64,
    /// The fault that changes by itself, as the scene set it last; `None` once somebody else turned it.
    moving: Option<FaultSetting>,
}

impl Scenes {
    /// The scene that a crawl begins with.
    pub(super) fn of(setup: &FaultSetup) -> Self {
        let mut scenes = Self::default();
        scenes.begin(setup.scene, 0.0);
        scenes
    }

    /// A scene begins, or the one that was on ends.
    pub(super) fn begin(&mut self, scene: Option<Scene>, at_s: f64) {
        self.on = scene;
        self.began_s = at_s;
        self.moving = scene.and_then(|scene| scene.fault_at(0.0));
    }

    /// The fault that is due to change at `at_s`, where `faults` are in force. A fault that is not as the
    /// scene set it was turned by somebody else, and stays as it is.
    pub(super) fn due(&mut self, at_s: f64, faults: &Faults) -> Option<FaultSetting> {
        let last = self.moving?;
        if faults.get(last.fault) != last.level {
            self.moving = None;
            return None;
        }
        let due = self.on?.fault_at(at_s - self.began_s).filter(|due| *due != last)?;
        self.moving = Some(due);
        Some(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::dials::Dials;
    use crate::settings::faults::Fault;

    #[test]
    fn a_fault_changes_by_itself_until_it_is_turned_by_hand() {
        let setup = Scene::MovingTarget.setup(Dials::default());
        let mut faults = setup.faults;
        let mut scenes = Scenes::default();
        scenes.begin(setup.scene, 10.0);
        assert_eq!(scenes.due(69.0, &faults), None);
        let mut capacities = Vec::new();
        for at_s in [70.0, 70.1, 129.0, 130.0] {
            let due = scenes.due(at_s, &faults);
            capacities.push(due.and_then(|due| due.level));
            if let Some(due) = due {
                faults.set(due);
            }
        }
        assert_eq!(capacities, [Some(16.0), None, None, Some(32.0)]);
        let by_hand = faults.with(Fault::Capacity, 20.0);
        assert_eq!(scenes.due(131.0, &by_hand), None);
        assert_eq!(scenes.due(190.0, &faults), None, "it is somebody else's now");
        scenes.begin(Some(Scene::Autopilot), 200.0);
        assert_eq!(scenes.due(260.0, &faults), None);
    }

    #[test]
    fn a_level_given_at_the_start_stays() {
        let scene = Scene::MovingTarget;
        let faults = scene.setup(Dials::default()).faults.with(Fault::Capacity, 50.0);
        let mut scenes = Scenes::of(&FaultSetup { site: None, faults, scene: Some(scene) });
        assert_eq!(scenes.due(60.0, &faults), None);
    }
}
