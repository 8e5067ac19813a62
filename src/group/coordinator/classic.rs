//! Requests of the classic protocol, and which group they reach.

use std::sync::Arc;

use super::entry::Members;
use super::request::Answer;
use super::state::{Coordinator, wrap};
use crate::group::classic::{
    self, ClassicError, ClassicGroup, Event, LeftMember, Now, RefusedJoin,
};
use crate::group::effects::{Effects, GroupRecord};
use crate::group::id::GroupId;

impl Coordinator {
    /// A join without a member id makes a group; whatever else is asked of one that is not there
    /// is answered by its rules, and it is not kept.
    pub(super) fn classic(&mut self, now: Now, id: GroupId, event: Event) -> Effects<Answer> {
        let config = Arc::clone(&self.settings.classic);
        let creates = matches!(&event, Event::Join(join) if join.member.is_none());
        let records = match self.groups.get_mut(&id).map(|entry| &mut entry.members) {
            Some(Members::Classic(group)) => {
                let effects = wrap(group.apply(now, event));
                self.schedule(&id);
                return effects;
            }
            Some(Members::Consumer(group)) if !(creates && group.is_empty()) => {
                return refused(&event);
            }
            Some(Members::Consumer(group)) => group.tombstones().unwrap_or_default(),
            Some(Members::None) | None => Vec::new(),
        };
        if !creates {
            let mut nobody = ClassicGroup::new(id, config);
            return wrap(nobody.apply(now, event));
        }
        self.make_classic(now, &id, event, records)
    }

    fn make_classic(
        &mut self,
        now: Now,
        id: &GroupId,
        event: Event,
        mut records: Vec<GroupRecord>,
    ) -> Effects<Answer> {
        let config = Arc::clone(&self.settings.classic);
        let Some(entry) = self.entry(id) else {
            return answer_each(&event, ClassicError::GroupMaxSizeReached);
        };
        let mut group = Box::new(ClassicGroup::new(id.clone(), config));
        let mut effects = wrap(group.apply(now, event));
        entry.members = Members::Classic(group);
        records.append(&mut effects.records);
        self.schedule(id);
        Effects { records, answers: effects.answers }
    }
}

/// What a member of the classic protocol is told by a consumer group that has members.
fn refused(event: &Event) -> Effects<Answer> {
    match event {
        Event::Join(_) => answer_each(event, ClassicError::InconsistentGroupProtocol),
        _ => answer_each(event, ClassicError::UnknownMemberId),
    }
}

/// The same error for whoever waits.
fn answer_each(event: &Event, error: ClassicError) -> Effects<Answer> {
    use classic::Answer as Classic;
    let Some(ticket) = event.ticket() else { return Effects::default() };
    let answer = match event {
        Event::Join(join) => {
            let member = join.member.clone();
            Classic::Join(Err(RefusedJoin { error, member }))
        }
        Event::Sync(_) => Classic::Sync(Err(error)),
        Event::Leave(leave) => {
            let left = leave.members.iter().map(|asked| LeftMember {
                member: asked.member.clone(),
                instance: asked.instance.clone(),
                error: Some(error),
            });
            Classic::Leave(Ok(left.collect()))
        }
        Event::Delete(_) => Classic::Delete(Err(error)),
        Event::Heartbeat(_) | Event::Tick | Event::Unload => Classic::Heartbeat(Err(error)),
    };
    Effects::answer(ticket, Answer::Classic(answer))
}
