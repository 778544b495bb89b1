//! Redo: applies a change that was turned back once more.

use crate::crawl::control::control_task::Control;
use crate::crawl::protocol::change::ChangeAction;
use crate::crawl::protocol::command::Origin;

impl Control {
    /// Applies what undo turned back last, unless another change came since.
    pub(super) fn redo(&mut self, origin: Origin) {
        let Some((seq, what)) = self.journal.last_redoable() else {
            return self.refuse("nothing to redo");
        };
        self.journal.begin_redo(seq);
        match what {
            ChangeAction::Set { new, .. } => self.turn(new, origin, None),
            ChangeAction::SetBoth { new, .. } => self.turn_both(new, origin, None),
            ChangeAction::HostLimit { host, new, .. } => self.limit_host(&host, new, origin, None),
            ChangeAction::HostHeld { host, held } => self.hold_host(&host, held, origin, None),
            ChangeAction::HostSkipped { host, skipped } => {
                self.skip_host(&host, skipped, origin, None);
            }
            ChangeAction::Excluded { pattern, .. } => self.exclude(&pattern, origin),
            ChangeAction::Seed { url, .. } => self.add_seed(url, origin),
            ChangeAction::Faults { new, .. } => self.log_faults(*new, origin, None),
            ChangeAction::Scene { new, .. } => self.put_setup(&new, origin, None),
            ChangeAction::Slow { new, .. } => self.set_slow(new, origin, None),
            _ => self.refuse("that cannot be redone"),
        }
        self.journal.end_redo();
    }
}
