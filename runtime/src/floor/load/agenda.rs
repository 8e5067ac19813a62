//! An open loop's plan: which connection's next request is due when.
//!
//! A request carries a number of records and is due with the last of them, as a producer's batch
//! is sent when it is full. A connection whose requests are all in flight falls behind its plan;
//! the plan does not wait for it. Nothing here reads a clock or does I/O.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Arrivals;

/// The next request of every connection.
pub(super) struct Agenda<'a> {
    arrivals: &'a mut dyn Arrivals,
    start_ns: u64,
    until_ns: u64,
    /// When the records of each connection's next request are due; empty once there is none.
    planned: Vec<Vec<u64>>,
    /// Connections that wait for their next request to be due.
    waiting: BinaryHeap<Reverse<(u64, u32)>>,
    /// Connections that still have requests to make.
    unfinished: usize,
}

impl<'a> Agenda<'a> {
    /// Plans the first request, of `records` records, of each of `connections`. No record is due
    /// before `start_ns`, and no request begins at or after `until_ns`.
    pub(super) fn new(
        arrivals: &'a mut dyn Arrivals,
        connections: u32,
        records: usize,
        start_ns: u64,
        until_ns: u64,
    ) -> Self {
        assert!(records > 0, "a request has a time");
        let planned = (0..connections).map(|_| vec![0; records]).collect();
        let waiting = BinaryHeap::with_capacity(connections as usize);
        let unfinished = connections as usize;
        let mut agenda = Self { arrivals, start_ns, until_ns, planned, waiting, unfinished };
        for connection in 0..connections {
            agenda.plan(connection);
        }
        agenda
    }

    /// When the earliest request that waits is due.
    pub(super) fn next_due_ns(&self) -> Option<u64> {
        self.waiting.peek().map(|Reverse((due_ns, _))| *due_ns)
    }

    /// Takes a connection whose next request is due.
    pub(super) fn pop_due(&mut self, now_ns: u64) -> Option<u32> {
        self.next_due_ns().filter(|due_ns| *due_ns <= now_ns)?;
        self.waiting.pop().map(|Reverse((_, connection))| connection)
    }

    /// When the records of a connection's next request are due.
    pub(super) fn due_ns(&self, connection: u32) -> &[u64] {
        &self.planned[connection as usize]
    }

    /// Plans a connection's next request, the last one having been made; false if it was the last.
    pub(super) fn plan(&mut self, connection: u32) -> bool {
        let planned = &mut self.planned[connection as usize];
        assert!(!planned.is_empty(), "a connection ends once");
        for due_ns in planned.iter_mut() {
            *due_ns = self.start_ns + self.arrivals.next_ns(connection as usize);
        }
        if planned[0] >= self.until_ns {
            planned.clear();
            self.unfinished -= 1;
            return false;
        }
        self.wait(connection);
        true
    }

    /// Lets a connection that was taken wait again, with the same request.
    pub(super) fn wait(&mut self, connection: u32) {
        if let Some(&due_ns) = self.planned[connection as usize].last() {
            self.waiting.push(Reverse((due_ns, connection)));
        }
    }

    /// Whether every request has been made.
    pub(super) fn is_finished(&self) -> bool {
        self.unfinished == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Connection `c` has a record every 10 ns from `c` on.
    struct Every10(Vec<u64>);

    impl Arrivals for Every10 {
        fn next_ns(&mut self, connection: usize) -> u64 {
            let due = self.0[connection];
            self.0[connection] += 10;
            due
        }
    }

    #[test]
    fn requests_come_due_in_order_with_their_last_record() {
        let mut arrivals = Every10(vec![0, 1]);
        let mut agenda = Agenda::new(&mut arrivals, 2, 2, 1000, 1040);
        let mut seen = Vec::new();
        assert_eq!((agenda.next_due_ns(), agenda.pop_due(1009)), (Some(1010), None));
        while let Some(due_ns) = agenda.next_due_ns() {
            let connection = agenda.pop_due(due_ns).unwrap();
            seen.push((connection, agenda.due_ns(connection).to_vec()));
            agenda.plan(connection);
        }
        let expected = [(0, [1000, 1010]), (1, [1001, 1011]), (0, [1020, 1030]), (1, [1021, 1031])];
        assert_eq!(seen, expected.map(|(connection, due)| (connection, due.to_vec())));
        assert!(agenda.is_finished());
    }

    #[test]
    fn a_connection_that_falls_behind_keeps_its_times() {
        let mut arrivals = Every10(vec![0]);
        let mut agenda = Agenda::new(&mut arrivals, 1, 1, 0, 30);
        assert_eq!(agenda.pop_due(500), Some(0));
        assert_eq!(agenda.next_due_ns(), None);
        agenda.wait(0);
        assert_eq!((agenda.pop_due(900), agenda.due_ns(0)), (Some(0), &[0][..]));
        assert!(agenda.plan(0));
        assert_eq!((agenda.pop_due(900), agenda.due_ns(0)), (Some(0), &[10][..]));
    }
}
