//! Scenes: setting the stage, putting back what was before, and what changes by itself.

use crate::crawl::control::control_task::Control;
use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::command::{Command, Origin};
use crate::crawl::protocol::scene::{Scene, Setup};
use crate::crawl::protocol::snapshot::RunState;
use crate::settings::autopilot_mode::AutopilotMode;
use crate::settings::dials::Dial;
use crate::settings::slow_motion::SlowMotion;

impl Control {
    fn setup(&self) -> Setup {
        let autopilot = self.settings.autopilot;
        Setup { scene: self.scenes.on, dials: self.dials, faults: self.faults, autopilot }
    }

    /// Sets dials, faults and autopilot of a scene, or restores what was before the first.
    pub(super) fn set_scene(&mut self, scene: Option<Scene>, origin: Origin) {
        if self.site.is_none() {
            return self.refuse("scenes are played on the lab site: see crawldeck demo");
        }
        let new = match (scene, self.scenes.on) {
            (None, None) => return self.refuse("no scene is on"),
            (None, Some(_)) => {
                let before = self.scenes.before;
                before.unwrap_or(Setup { dials: self.dials, ..Setup::default() })
            }
            (Some(scene), on) => {
                if on.is_none() {
                    self.scenes.before = Some(self.setup());
                }
                scene.setup(self.dials)
            }
        };
        self.put_setup(&new, origin, None);
    }

    /// Puts a stage as it is in `new`, unless it is like that already.
    pub(super) fn set_stage(&mut self, new: &Setup, origin: Origin) {
        if self.site.is_none() {
            return self.refuse("a stage is set on the lab site: see crawldeck demo");
        }
        if self.setup() != *new {
            self.put_setup(new, origin, None);
        }
    }

    /// Begins slow motion, changes or ends it.
    pub(super) fn set_slow(
        &mut self,
        new: Option<SlowMotion>,
        origin: Origin,
        undoes: Option<u64>,
    ) {
        let Some(site) = &self.site else {
            return self.refuse("only the lab site has slow motion: see crawldeck demo");
        };
        let old = self.slow;
        if old == new && undoes.is_none() {
            return self.refuse(new.map_or_else(
                || "there is no slow motion".to_owned(),
                |slow| format!("slow motion {slow} already"),
            ));
        }
        let times = new.map_or(1.0, SlowMotion::times);
        site.stretch(times);
        self.context.signals.stretch.send_replace(times);
        self.slow = new;
        self.log(ChangeAction::Slow { old, new }, origin, undoes);
    }

    /// Puts dials, faults, autopilot and scene as they are in `new`, in one step.
    pub(super) fn put_setup(&mut self, new: &Setup, origin: Origin, undoes: Option<u64>) {
        let old = self.setup();
        if old == *new && undoes.is_none() {
            return self.refuse("the stage is set like that already");
        }
        self.scenes.begin(new.scene, self.context.signals.at_s());
        self.put_faults(new.faults);
        for dial in Dial::ALL {
            self.put(new.dials.get(dial));
        }
        self.note_rate(new.dials.get(Dial::Rate), origin);
        self.put_autopilot(new.autopilot);
        let new = Box::new(*new);
        self.log(ChangeAction::Scene { old: Box::new(old), new }, origin, undoes);
    }

    /// Gives the dials to the autopilot for a scene, or takes them back.
    fn put_autopilot(&mut self, mode: Option<AutopilotMode>) {
        if mode != self.settings.autopilot {
            self.apply(Command::Autopilot(mode), Origin::Scene);
        }
    }

    /// Changes what the scene changes by itself, once it is due.
    pub(super) fn play_scene(&mut self) {
        if matches!(self.run, RunState::Running | RunState::Paused)
            && let Some(due) = self.scenes.due(self.context.signals.at_s(), &self.faults)
        {
            let mut faults = self.faults;
            faults.set(due);
            self.log_faults(faults, Origin::Scene, None);
        }
    }
}
