//! Members that go, or are sent away.

use super::answer::{Answer, ClassicError, LeftMember};
use super::event::{Leave, LeavingMember, Now};
use super::group::{ClassicGroup, Out};
use super::state::GroupState;

impl ClassicGroup {
    pub(super) fn on_leave(&mut self, now: Now, leave: Leave, out: &mut Out) {
        if self.state == GroupState::Dead {
            let refused = Err(ClassicError::CoordinatorNotAvailable);
            out.answers.push((leave.ticket, Answer::Leave(refused)));
            return;
        }
        let members = self.roster.len();
        let pending = self.pending.len();
        let left = leave.members.into_iter().map(|leaving| {
            let error = self.let_go(&leaving, out).err();
            LeftMember { member: leaving.member, instance: leaving.instance, error }
        });
        let left = left.collect();
        if self.roster.len() < members {
            self.rebalance_or_complete_join(now, out);
        } else if self.pending.len() < pending {
            self.maybe_complete_join(now, out);
        }
        out.answers.push((leave.ticket, Answer::Leave(Ok(left))));
    }

    fn let_go(&mut self, leaving: &LeavingMember, out: &mut Out) -> Result<(), ClassicError> {
        let instance = leaving.instance.as_ref();
        let Some(id) = &leaving.member else {
            let id = instance.and_then(|instance| self.roster.by_instance(instance)).cloned();
            self.remove_member(&id.ok_or(ClassicError::UnknownMemberId)?, out);
            return Ok(());
        };
        if self.pending.remove(id).is_none() {
            self.roster.validate(id, instance)?;
            self.remove_member(id, out);
        }
        Ok(())
    }
}
