//! Commands that inject faults.

use crate::crawl::control::control_task::Control;
use crate::crawl::pipeline::storage::SAVER_BUDGET_KIB;
use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::command::Origin;
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
}
