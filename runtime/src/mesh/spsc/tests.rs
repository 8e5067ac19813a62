//! The ring against a queue, against a real second thread, and under loom in every interleaving.

use super::{channel, channel_from};

/// Every interleaving of two threads. None of these loops waits, so loom can exhaust them.
#[cfg(loom)]
mod exhaustive {
    use loom::thread;

    use super::{channel, channel_from};

    /// The sender offers 0, 1, 2.. `offers` times and notes what the ring took; the
    /// receiver asks `asks` times. What went in comes out, in order, once.
    fn check_order(capacity: usize, start: usize, offers: usize, asks: usize) {
        loom::model(move || {
            let (mut sender, mut receiver) = channel_from::<usize>(capacity, start);
            let sending = thread::spawn(move || {
                let mut accepted = Vec::new();
                for value in 0..offers {
                    if sender.try_send(value).is_ok() {
                        accepted.push(value);
                    }
                }
                accepted
            });
            let mut taken = Vec::new();
            for _ in 0..asks {
                taken.extend(receiver.try_recv());
            }
            let accepted = sending.join().expect("the sender does not panic");
            assert!(accepted.len() >= offers.min(capacity), "the ring takes what fits");
            taken.extend(std::iter::from_fn(|| receiver.try_recv()));
            assert_eq!(taken, accepted);
        });
    }

    #[test]
    fn values_leave_in_order_and_once() {
        check_order(1, 0, 3, 3);
        check_order(2, 0, 4, 4);
        check_order(4, 0, 5, 5);
    }

    #[test]
    fn positions_wrap_without_a_seam() {
        check_order(1, usize::MAX, 3, 3);
        check_order(2, usize::MAX - 1, 4, 4);
    }

    #[test]
    fn free_slots_and_waiting_values_can_be_relied_on() {
        loom::model(|| {
            let (mut sender, mut receiver) = channel::<u8>(2);
            let sending = thread::spawn(move || {
                for _ in 0..2 {
                    for _ in 0..sender.free() {
                        sender.try_send(7).expect("the sender saw room for it");
                    }
                    assert!(sender.len() <= sender.capacity());
                }
            });
            for _ in 0..2 {
                let waiting = receiver.len();
                for _ in 0..waiting {
                    receiver.try_recv().expect("the receiver saw it waiting");
                }
            }
            sending.join().expect("the sender does not panic");
        });
    }

    #[test]
    fn whichever_side_goes_last_drops_what_is_left() {
        loom::model(|| {
            let token = std::sync::Arc::new(());
            let (mut sender, mut receiver) = channel::<std::sync::Arc<()>>(2);
            let sent = std::sync::Arc::clone(&token);
            let sending = thread::spawn(move || {
                for _ in 0..3 {
                    drop(sender.try_send(std::sync::Arc::clone(&sent)));
                }
            });
            drop(receiver.try_recv());
            drop(receiver);
            sending.join().expect("the sender does not panic");
            assert_eq!(std::sync::Arc::strong_count(&token), 1);
        });
    }
}

#[cfg(not(loom))]
mod model {
    use std::collections::VecDeque;
    use std::thread;

    use proptest::prelude::*;

    use super::{channel, channel_from};

    #[derive(Clone, Debug)]
    enum Step {
        Send(usize),
        Receive(usize),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![(1_usize..20).prop_map(Step::Send), (1_usize..20).prop_map(Step::Receive)]
    }

    proptest! {
        #[test]
        fn the_ring_is_a_bounded_queue(
            capacity_log2 in 0_u32..5,
            start in prop_oneof![Just(0_usize), (usize::MAX - 40)..=usize::MAX],
            steps in proptest::collection::vec(any_step(), 1..60),
        ) {
            let capacity = 1_usize << capacity_log2;
            let (mut sender, mut receiver) = channel_from::<usize>(capacity, start);
            let mut queue = VecDeque::new();
            let mut next = 0;
            for step in steps {
                match step {
                    Step::Send(count) => for _ in 0..count {
                        if queue.len() == capacity {
                            prop_assert_eq!(sender.try_send(next), Err(next));
                        } else {
                            prop_assert_eq!(sender.try_send(next), Ok(()));
                            queue.push_back(next);
                        }
                        next += 1;
                    },
                    Step::Receive(count) => for _ in 0..count {
                        prop_assert_eq!(receiver.try_recv(), queue.pop_front());
                    },
                }
                prop_assert_eq!(sender.len(), queue.len());
                prop_assert_eq!(receiver.len(), queue.len());
                prop_assert_eq!(sender.free(), capacity - queue.len());
                prop_assert_eq!(sender.is_empty(), queue.is_empty());
                prop_assert_eq!(receiver.is_empty(), queue.is_empty());
            }
        }
    }

    #[test]
    fn a_million_values_cross_to_another_thread_in_order() {
        const COUNT: u64 = 1_000_000;
        let (mut sender, mut receiver) = channel::<Box<u64>>(64);
        let sending = thread::spawn(move || {
            for number in 0..COUNT {
                let mut value = Box::new(number);
                while let Err(refused) = sender.try_send(value) {
                    value = refused;
                    thread::yield_now();
                }
            }
        });
        for number in 0..COUNT {
            let value = loop {
                match receiver.try_recv() {
                    Some(value) => break value,
                    None => thread::yield_now(),
                }
            };
            assert_eq!(*value, number);
        }
        sending.join().expect("the sender does not panic");
        assert_eq!(receiver.try_recv(), None);
    }

    /// Sends through a thread's life with `T: Send` but not `Sync`, and leaves some behind.
    #[test]
    fn what_was_not_received_is_dropped_with_the_ring() {
        struct Counted(std::sync::Arc<()>, std::cell::Cell<u8>);
        let token = std::sync::Arc::new(());
        let (mut sender, mut receiver) = channel_from::<Counted>(8, usize::MAX - 2);
        for count in 0..8 {
            let value = Counted(std::sync::Arc::clone(&token), std::cell::Cell::new(count));
            assert!(sender.try_send(value).is_ok());
        }
        for count in 0..3 {
            let value = receiver.try_recv().expect("eight were sent");
            assert_eq!(value.1.get(), count);
            drop(value.0);
        }
        assert_eq!(std::sync::Arc::strong_count(&token), 1 + 5);
        drop(sender);
        assert_eq!(std::sync::Arc::strong_count(&token), 1 + 5);
        drop(receiver);
        assert_eq!(std::sync::Arc::strong_count(&token), 1);
    }

    #[test]
    fn values_without_size_need_no_memory() {
        let (mut sender, mut receiver) = channel::<()>(2);
        assert_eq!((sender.try_send(()), sender.try_send(())), (Ok(()), Ok(())));
        assert_eq!(sender.try_send(()), Err(()));
        assert_eq!(receiver.try_recv(), Some(()));
        assert_eq!(sender.free(), 1);
    }

    #[test]
    #[should_panic(expected = "power of two")]
    fn an_odd_capacity_is_our_own_mistake() {
        drop(channel::<Box<u8>>(3));
    }

    #[test]
    fn positions_do_not_share_a_cache_line() {
        let (sender, _receiver) = channel::<u8>(1);
        let head = std::ptr::from_ref(&sender.ring.head).addr();
        let tail = std::ptr::from_ref(&sender.ring.tail).addr();
        assert!(head.abs_diff(tail) >= 128);
    }
}
