//! No wake-up is lost: the flag alone, then with rings and a sleep that only a ring ends.

use super::Doorbell;

/// Every interleaving, memory order included.
#[cfg(loom)]
mod exhaustive {
    use loom::model::Builder;
    use loom::sync::{Arc, Notify};
    use loom::thread::{self, JoinHandle};

    use super::Doorbell;
    use crate::mesh::spsc::{self, Receiver, Sender};

    /// One round of the protocol by itself: either the sleeper's last look finds the message, or
    /// the sender rings. The plain post-condition, without a lock that would order the two.
    #[test]
    fn who_sends_past_a_sleeper_rings() {
        loom::model(|| {
            let doorbell = Arc::new(Doorbell::new());
            let (sender, mut receiver) = spsc::channel::<u8>(1);
            let sending = spawn_one_send(&doorbell, sender);
            let asleep = doorbell.may_sleep(|| receiver.is_empty());
            let rung = sending.join().expect("the sender does not panic");
            assert!(rung || !asleep, "asleep with a message waiting and nobody ringing");
            assert_eq!(receiver.try_recv(), Some(7));
        });
    }

    /// Two senders may rely on one ring, and are not both told to.
    #[test]
    fn of_two_who_send_past_a_sleeper_one_rings() {
        loom::model(|| {
            let doorbell = Arc::new(Doorbell::new());
            let (first, from_first) = spsc::channel::<u8>(1);
            let (second, from_second) = spsc::channel::<u8>(1);
            let sending = [spawn_one_send(&doorbell, first), spawn_one_send(&doorbell, second)];
            let asleep = doorbell.may_sleep(|| from_first.is_empty() && from_second.is_empty());
            let rung = sending.map(|sender| sender.join().expect("no sender panics"));
            assert!(rung != [false, false] || !asleep, "asleep with messages and nobody ringing");
            assert!(rung != [true, true], "one sleep, two rings");
        });
    }

    fn spawn_one_send(doorbell: &Arc<Doorbell>, mut sender: Sender<u8>) -> JoinHandle<bool> {
        let doorbell = Arc::clone(doorbell);
        thread::spawn(move || {
            sender.try_send(7).expect("the ring is empty");
            doorbell.must_ring()
        })
    }

    /// A shard as its senders see it: the flag, and the bell itself. As an eventfd does, the bell
    /// remembers being rung before the sleep; unlike one, it may also end a sleep for no reason.
    struct Shard {
        doorbell: Doorbell,
        bell: Notify,
    }

    impl Shard {
        fn new() -> Arc<Self> {
            Arc::new(Self { doorbell: Doorbell::new(), bell: Notify::new() })
        }

        fn send(&self, sender: &mut Sender<u8>) {
            sender.try_send(7).expect("the ring has room");
            if self.doorbell.must_ring() {
                self.bell.notify();
            }
        }

        /// Drains `receivers`, sleeping in between, until `count` values have come. A lost wake-up
        /// leaves it asleep for good, which loom reports as a deadlock.
        fn receive(&self, receivers: &mut [Receiver<u8>], count: usize) {
            let mut received = 0;
            loop {
                for receiver in receivers.iter_mut() {
                    received += std::iter::from_fn(|| receiver.try_recv()).count();
                }
                if received == count {
                    return;
                }
                if self.doorbell.may_sleep(|| receivers.iter().all(Receiver::is_empty)) {
                    self.bell.wait();
                    self.doorbell.wake();
                }
            }
        }
    }

    #[test]
    fn a_sleeper_is_woken_for_every_message() {
        loom::model(|| {
            let shard = Shard::new();
            let (mut sender, receiver) = spsc::channel::<u8>(2);
            let target = Arc::clone(&shard);
            let sending = thread::spawn(move || {
                target.send(&mut sender);
                target.send(&mut sender);
            });
            shard.receive(&mut [receiver], 2);
            sending.join().expect("the sender does not panic");
        });
    }

    /// Three threads that sleep and wake are too many to exhaust: every run with at most three
    /// preemptions, which is where such bugs live.
    #[test]
    fn two_senders_lose_no_message_of_either() {
        let mut bounded = Builder::new();
        bounded.preemption_bound = Some(3);
        bounded.check(|| {
            let shard = Shard::new();
            let (first, from_first) = spsc::channel::<u8>(1);
            let (second, from_second) = spsc::channel::<u8>(1);
            let sending = [first, second].map(|mut sender| {
                let target = Arc::clone(&shard);
                thread::spawn(move || target.send(&mut sender))
            });
            shard.receive(&mut [from_first, from_second], 2);
            for sender in sending {
                sender.join().expect("a sender does not panic");
            }
        });
    }
}

#[cfg(not(loom))]
mod alone {
    use super::Doorbell;

    #[test]
    fn a_shard_that_is_awake_is_not_rung() {
        let doorbell = Doorbell::new();
        assert!(!doorbell.must_ring());
        assert!(doorbell.may_sleep(|| true));
        doorbell.wake();
        assert!(!doorbell.must_ring());
    }

    #[test]
    fn a_sleep_is_rung_for_once() {
        let doorbell = Doorbell::default();
        assert!(doorbell.may_sleep(|| true));
        assert!(doorbell.must_ring());
        assert!(!doorbell.must_ring());
    }

    #[test]
    fn work_found_at_the_last_look_keeps_the_shard_awake() {
        let doorbell = Doorbell::new();
        assert!(!doorbell.may_sleep(|| false));
        assert!(!doorbell.must_ring());
    }

    #[test]
    fn the_flag_is_up_before_the_last_look() {
        let doorbell = Doorbell::new();
        assert!(doorbell.may_sleep(|| doorbell.must_ring()), "a sender at that moment rings");
    }
}
