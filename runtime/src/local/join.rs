//! [`for_each_concurrently`]: the same work for many items, several at once.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// Runs `work` for every item, at most `width` at once, in the order of the items. The first error
/// ends it, after what is under way has ended: nothing in flight is dropped.
pub async fn for_each_concurrently<T, E, F>(
    items: impl IntoIterator<Item = T>,
    width: usize,
    mut work: impl FnMut(T) -> F,
) -> Result<(), E>
where
    F: Future<Output = Result<(), E>>,
{
    assert!(width > 0, "some work must be under way");
    let mut items = items.into_iter();
    let mut running: Vec<Pin<Box<F>>> = Vec::with_capacity(width);
    let mut failed = None;
    poll_fn(|context| {
        loop {
            while failed.is_none() && running.len() < width {
                let Some(item) = items.next() else { break };
                running.push(Box::pin(work(item)));
            }
            let before = running.len();
            let mut index = 0;
            while index < running.len() {
                match running[index].as_mut().poll(context) {
                    Poll::Pending => index += 1,
                    Poll::Ready(result) => {
                        drop(running.swap_remove(index));
                        if let Err(error) = result {
                            failed.get_or_insert(error);
                        }
                    }
                }
            }
            if running.is_empty() && (failed.is_some() || before == 0) {
                return Poll::Ready(failed.take().map_or(Ok(()), Err));
            }
            if running.len() == before {
                return Poll::Pending;
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;
    use crate::local::Semaphore;

    fn run<T>(future: impl Future<Output = T>) -> Option<T> {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => Some(value),
            Poll::Pending => None,
        }
    }

    #[test]
    fn all_items_are_worked_on_and_no_more_than_the_width_at_once() {
        let (running, most, sum) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let semaphore = Semaphore::new(100);
        let result = run(for_each_concurrently(1..=10, 3, |item| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            let (semaphore, running, sum) = (&semaphore, &running, &sum);
            async move {
                let _permit = semaphore.acquire().await;
                sum.set(sum.get() + item);
                running.set(running.get() - 1);
                Ok::<_, ()>(())
            }
        }));
        assert_eq!(result, Some(Ok(())));
        assert_eq!((sum.get(), most.get()), (55, 3));
        assert_eq!(
            run(for_each_concurrently([0; 0], 3, |_| async { Ok::<_, ()>(()) })),
            Some(Ok(()))
        );
    }

    #[test]
    fn the_first_error_ends_it() {
        let started = Cell::new(0);
        let result = run(for_each_concurrently(0..10, 2, |item| {
            started.set(started.get() + 1);
            async move { if item == 3 { Err(item) } else { Ok(()) } }
        }));
        assert_eq!(result, Some(Err(3)));
        assert!(started.get() < 10);
    }
}
