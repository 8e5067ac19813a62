//! A log's tail: the batches that are in memory, each with where it belongs in its segment.

use std::collections::VecDeque;

use record::{HEADER_BYTES, Offset, Timestamp};
use runtime::buffer::Slice;

use crate::identity::CommitSequence;

/// One batch in memory, or what of it is not yet in its segment's file.
#[derive(Clone, Debug)]
pub struct Span {
    /// The journal commit that holds these bytes; recovery would need it.
    pub sequence: CommitSequence,
    /// The segment, by its base offset.
    pub segment: Offset,
    /// Where the batch starts in the segment.
    pub batch_position: u32,
    /// Where `bytes` start in the segment; behind the batch's start if its front is flushed.
    pub position: u32,
    /// The batch's first offset.
    pub base_offset: Offset,
    /// The first offset behind the batch.
    pub next_offset: Offset,
    /// The batch's largest timestamp.
    pub max_timestamp: Timestamp,
    /// The bytes, to the batch's end.
    pub bytes: Slice,
    /// The batch's header, once its front is flushed and `bytes` may not have it any more.
    pub header: Option<Box<[u8; HEADER_BYTES]>>,
}

impl Span {
    /// Where the batch ends in the segment.
    pub fn end(&self) -> u32 {
        self.position + u32::try_from(self.bytes.len()).expect("a batch is under 4 GiB")
    }
}

impl Span {
    /// Whether `next` can follow this span in a tail.
    pub fn precedes(&self, next: &Self) -> bool {
        let in_place = if self.segment == next.segment {
            self.end() == next.position
        } else {
            self.segment < next.segment
        };
        in_place && self.next_offset <= next.base_offset
    }
}

/// The spans of one log: in order, without gaps within a segment.
#[derive(Clone, Debug, Default)]
pub struct Tail {
    spans: VecDeque<Span>,
    /// How many spans at the front are held by a commit later than the one that appended them.
    carried: usize,
}

impl Tail {
    /// Appends the next batch.
    pub fn push(&mut self, span: Span) {
        if let Some(last) = self.spans.back() {
            assert!(last.precedes(&span), "batches lie back to back and offsets rise");
            // After a restart: what was carried before is held by a later commit than what was
            // appended behind it.
            if last.sequence > span.sequence {
                self.carried = self.spans.len();
            }
        }
        self.spans.push_back(span);
    }

    /// The oldest span.
    pub fn front(&self) -> Option<&Span> {
        self.spans.front()
    }

    /// Whether no batch is in memory.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// How many batches are in memory.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// The span of the batch that holds `offset`, or of the first one behind it.
    pub fn find_offset(&self, offset: Offset) -> Option<&Span> {
        if self.spans.front()?.base_offset > offset {
            return None;
        }
        self.spans.get(self.spans.partition_point(|span| span.next_offset <= offset))
    }

    /// The spans of `segment` that hold bytes at or behind `position`, in order.
    pub fn from_position(&self, segment: Offset, position: u32) -> impl Iterator<Item = &Span> {
        let first = self.spans.partition_point(|span| {
            span.segment < segment || (span.segment == segment && span.end() <= position)
        });
        self.spans.range(first..).take_while(move |span| span.segment == segment)
    }

    /// Where the bytes in memory of `segment` start.
    pub fn start_of(&self, segment: Offset) -> Option<u32> {
        let first = self.spans.partition_point(|span| span.segment < segment);
        self.spans.get(first).filter(|span| span.segment == segment).map(|span| span.position)
    }

    /// All spans, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Span> {
        self.spans.iter()
    }

    /// Forgets what of `segment` lies before `position`, and everything before that segment:
    /// it is in the files now.
    pub fn flushed_to(&mut self, segment: Offset, position: u32) {
        while let Some(front) = self.spans.front_mut() {
            if front.segment > segment {
                return;
            }
            if front.segment < segment || front.end() <= position {
                self.spans.pop_front();
                self.carried = self.carried.saturating_sub(1);
                continue;
            }
            if front.position < position {
                if front.header.is_none() {
                    let header = front.bytes.as_slice().first_chunk();
                    front.header = Some(Box::new(*header.expect("a whole batch has a header")));
                }
                let cut = (position - front.position) as usize;
                front.bytes = front.bytes.slice(cut..front.bytes.len());
                front.position = position;
            }
            return;
        }
    }

    /// The spans that commits up to `through` hold, at most about `bytes_max` of one segment: what
    /// must move for those commits to be let go. Empty if there are none.
    pub fn held_by(
        &self,
        through: CommitSequence,
        bytes_max: u32,
    ) -> impl Iterator<Item = &Span> + Clone {
        let first = self.spans.iter().position(|span| span.sequence <= through);
        let start = first.and_then(|first| self.spans.get(first));
        let start = start.map_or((Offset::NONE, 0), |span| (span.segment, span.position));
        self.spans.range(first.unwrap_or(self.spans.len())..).take_while(move |span| {
            span.sequence <= through
                && span.segment == start.0
                && (span.position == start.1 || span.end() - start.1 <= bytes_max)
        })
    }

    /// Notes that commit `sequence` now holds the bytes of `segment` from `start` to `end`, and
    /// moves the spans there to `copy`, which has the same bytes, so that their buffers can go.
    pub fn carried_by(
        &mut self,
        sequence: CommitSequence,
        segment: Offset,
        (start, end): (u32, u32),
        copy: &Slice,
    ) {
        for (index, span) in self.spans.iter_mut().enumerate() {
            if span.segment > segment || (span.segment == segment && span.position >= end) {
                return;
            }
            if span.segment < segment || span.position < start {
                continue;
            }
            assert!(span.end() <= end, "whole spans are carried");
            let from = (span.position - start) as usize;
            let part = copy.slice(from..from + span.bytes.len());
            debug_assert_eq!(part.as_slice(), span.bytes.as_slice(), "a copy is a copy");
            span.bytes = part;
            span.sequence = sequence;
            self.carried = self.carried.max(index + 1);
        }
    }

    /// Notes that no commit of this journal holds any of these bytes.
    pub fn held_elsewhere(&mut self) {
        self.spans.iter_mut().for_each(|span| span.sequence = CommitSequence::ZERO);
        self.carried = 0;
    }

    /// The oldest commit that holds any of these bytes. Commits rise along the spans but for the
    /// carried ones at the front.
    pub fn needed_since(&self) -> Option<CommitSequence> {
        self.spans.iter().take(self.carried + 1).map(|span| span.sequence).min()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.spans.clear();
        self.carried = 0;
    }
}

#[cfg(test)]
mod tests {
    use runtime::buffer::Pool;

    use super::*;

    /// Batches of 1,000 bytes, each filled with its number; from the fifth on in segment 50.
    fn tail(count: i64) -> Tail {
        let mut tail = Tail::default();
        for number in 0..count {
            let mut chunk = Pool::new(0).chunk(1000);
            chunk.append(&[u8::try_from(number).unwrap(); 1000]);
            let (segment, start) = if number < 5 { (0, 0) } else { (50, 5) };
            let position = u32::try_from(number - start).unwrap() * 1000;
            tail.push(Span {
                sequence: CommitSequence(u64::try_from(number).unwrap() + 1),
                segment: Offset(segment),
                batch_position: position,
                position,
                base_offset: Offset(number * 10),
                next_offset: Offset(number * 10 + 10),
                max_timestamp: Timestamp(number),
                bytes: chunk.freeze(),
                header: None,
            });
        }
        tail
    }

    #[test]
    fn what_follows_a_recovered_carry_is_still_needed() {
        let mut recovered = Tail::default();
        for (mut span, sequence) in tail(4).spans.into_iter().zip([35, 35, 20, 21]) {
            span.sequence = CommitSequence(sequence);
            recovered.push(span);
        }
        assert_eq!(recovered.needed_since(), Some(CommitSequence(20)));
        recovered.flushed_to(Offset(0), 1000);
        assert_eq!(recovered.needed_since(), Some(CommitSequence(20)));
        recovered.flushed_to(Offset(0), 3000);
        assert_eq!(recovered.needed_since(), Some(CommitSequence(21)));
    }

    #[test]
    fn batches_are_found_by_offset_and_by_position() {
        let tail = tail(8);
        assert_eq!(tail.find_offset(Offset(39)).unwrap().base_offset, Offset(30));
        assert_eq!(tail.find_offset(Offset(50)).unwrap().segment, Offset(50));
        assert!(tail.find_offset(Offset(80)).is_none());
        assert!(tail.find_offset(Offset(-1)).is_none());
        let from = |segment, position| {
            let spans = tail.from_position(Offset(segment), position);
            spans.map(|span| span.base_offset.0).collect::<Vec<_>>()
        };
        assert_eq!(from(0, 2999), [20, 30, 40]);
        assert_eq!(from(0, 3000), [30, 40]);
        assert_eq!(from(50, 0), [50, 60, 70]);
        assert_eq!(tail.start_of(Offset(50)), Some(0));
        assert_eq!(tail.start_of(Offset(99)), None);
    }

    #[test]
    fn a_batch_cut_by_a_flush_keeps_its_unflushed_end() {
        let mut tail = tail(8);
        tail.flushed_to(Offset(0), 2500);
        let front = tail.front().unwrap();
        assert_eq!((front.batch_position, front.position, front.end()), (2000, 2500, 3000));
        assert_eq!(front.bytes.as_slice(), [2; 500]);
        assert_eq!(tail.start_of(Offset(0)), Some(2500));
        tail.flushed_to(Offset(50), 1000);
        assert_eq!(tail.front().unwrap().base_offset, Offset(60));
    }

    #[test]
    fn spans_move_to_a_copy_and_are_needed_by_the_commit_that_carries_them() {
        let mut tail = tail(4);
        tail.flushed_to(Offset(0), 1500);
        assert_eq!(tail.needed_since(), Some(CommitSequence(2)));
        assert_eq!(tail.front().unwrap().header.as_deref(), Some(&[1; HEADER_BYTES]));
        let held = |tail: &Tail, through, bytes_max| {
            let spans = tail.held_by(CommitSequence(through), bytes_max);
            spans.map(|span| (span.position, span.end())).collect::<Vec<_>>()
        };
        assert_eq!(held(&tail, 1, 9999), []);
        assert_eq!(held(&tail, 3, 9999), [(1500, 2000), (2000, 3000)]);
        assert_eq!(held(&tail, 9, 1600), [(1500, 2000), (2000, 3000)]);
        assert_eq!(held(&tail, 9, 1), [(1500, 2000)], "one span, however large");
        let mut chunk = Pool::new(0).chunk(4096);
        chunk.append(&[1; 500]);
        chunk.append(&[2; 1000]);
        let copy = chunk.freeze();
        tail.carried_by(CommitSequence(9), Offset(0), (1500, 3000), &copy);
        assert!(tail.front().unwrap().bytes.runs_into(&copy.slice(500..1500)));
        assert_eq!(tail.needed_since(), Some(CommitSequence(4)), "what is not carried is older");
        assert_eq!(held(&tail, 8, 9999), [(3000, 4000)]);
        tail.flushed_to(Offset(0), 3500);
        assert_eq!(tail.needed_since(), Some(CommitSequence(4)));
        tail.flushed_to(Offset(0), 4000);
        assert_eq!(tail.needed_since(), None);
    }
}
