//! Commands that inject faults, and set up scenes.

use crate::crawl::control::control_task::Control;
use crate::crawl::pipeline::storage::SAVER_BUDGET_KIB;
use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::command::Origin;
use crate::crawl::protocol::scene::{Scene, Setup};
use crate::settings::dials::Dial;
use crate::settings::faults::{Fault, FaultSetting, Faults, Place};

impl Control {
    /// The queue's capacity, where its dial says `dial`.
    pub(super) fn queue_in_force(&self, dial: u32) -> u32 {
        self.faults.count(Fault::Queue).map_or(dial, |most| most.min(dial))
    }

    /// Puts faults in force, for tasks that work and those that wait.
    pub(super) fn put_faults(&mut self, faults: Faults) {
        self.faults = faults;
        self.context.signals.faults.send_replace(faults);
        let buffer = faults
            .get(Fault::Buffer)
            .map_or(SAVER_BUDGET_KIB, |bytes| ((bytes / 1024.0) as u32).clamp(1, SAVER_BUDGET_KIB));
        self.context.storage.budget.resize(buffer);
        if let Some(site) = &self.site {
            site.put(&faults);
        }
        // The queue's capacity.
        self.put(self.dials.get(Dial::Queue));
    }

    /// Puts one fault to a level.
    pub(super) fn inject(&mut self, setting: FaultSetting, origin: Origin) {
        if self.site.is_none() && setting.fault.place() == Place::Site {
            return self.refuse(format!(
                "{} is a fault of the lab site, and this is another: see crawldeck demo",
                setting.fault
            ));
        }
        let old = self.faults;
        let mut new = old;
        new.set(setting);
        if old == new {
            let text = setting.level.map_or_else(
                || format!("{} is off already", setting.fault),
                |_| format!("{setting} already: it gets no worse"),
            );
            return self.refuse(text);
        }
        self.log_faults(new, origin, None);
    }

    /// Turns all faults off.
    pub(super) fn clear_faults(&mut self, origin: Origin) {
        if self.faults.is_none() {
            return self.refuse("there are no faults");
        }
        self.log_faults(Faults::NONE, origin, None);
    }

    /// Puts faults in force, and notes it.
    pub(super) fn log_faults(&mut self, new: Faults, origin: Origin, undoes: Option<u64>) {
        let old = Box::new(self.faults);
        self.put_faults(new);
        self.log(ChangeAction::Faults { old, new: Box::new(new) }, origin, undoes);
    }

    fn setup(&self) -> Setup {
        Setup { scene: self.scene, dials: self.dials, faults: self.faults }
    }

    /// Sets dials and faults of a scene, or restores what was before the first.
    pub(super) fn set_scene(&mut self, scene: Option<Scene>, origin: Origin) {
        if self.site.is_none() {
            return self.refuse("scenes are played on the lab site: see crawldeck demo");
        }
        let new = match (scene, self.scene) {
            (None, None) => return self.refuse("no scene is on"),
            (None, Some(_)) => {
                let before = self.before_scenes.take();
                before.unwrap_or(Setup { scene: None, dials: self.dials, faults: Faults::NONE })
            }
            (Some(scene), on) => {
                if on.is_none() {
                    self.before_scenes = Some(self.setup());
                }
                scene.setup(self.dials)
            }
        };
        self.put_setup(&new, origin, None);
    }

    /// Puts dials, faults and scene as they are in `new`, in one step.
    pub(super) fn put_setup(&mut self, new: &Setup, origin: Origin, undoes: Option<u64>) {
        let old = self.setup();
        if old == *new && undoes.is_none() {
            return self.refuse("the stage is set like that already");
        }
        self.scene = new.scene;
        self.put_faults(new.faults);
        for dial in Dial::ALL {
            self.put(new.dials.get(dial));
        }
        let new = Box::new(*new);
        self.log(ChangeAction::Scene { old: Box::new(old), new }, origin, undoes);
    }
}
