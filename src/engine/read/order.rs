//! Time order: events are held back in a heap of bounded size, and several files are merged.
//!
//! A file whose events are out of order by at most [`ReadOptions::held`](super::ReadOptions::held)
//! events comes out sorted; an event that is later than that is left out and counted. Events of the
//! same time keep the order in which they were read. Events without a time come as they are read.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::engine::event::Event;

/// Something with a time, in milliseconds since 1970.
pub trait Timed {
    /// Its time; `None` if it has none.
    fn time(&self) -> Option<i64>;
}

impl Timed for Event {
    fn time(&self) -> Option<i64> {
        self.time
    }
}

/// An iterator over a file's events in time order.
#[derive(Debug)]
pub struct Ordered<I: Iterator> {
    events: I,
    heap: BinaryHeap<Reverse<Held<I::Item>>>,
    held: usize,
    next: u64,
    latest: i64,
    /// Events that came too late to be put in order.
    pub late: u64,
    /// The first of them.
    pub first_late: Option<I::Item>,
}

#[derive(Debug)]
struct Held<E> {
    time: i64,
    number: u64,
    event: E,
}

impl<E> PartialEq for Held<E> {
    fn eq(&self, other: &Self) -> bool {
        (self.time, self.number) == (other.time, other.number)
    }
}

impl<E> Eq for Held<E> {}

impl<E> PartialOrd for Held<E> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Held<E> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.time, self.number).cmp(&(other.time, other.number))
    }
}

impl<I: Iterator<Item: Timed>> Ordered<I> {
    /// Puts events in order, holding back so many.
    pub fn new(events: I, held: usize) -> Self {
        let (heap, latest) = (BinaryHeap::new(), i64::MIN);
        Self { events, heap, held, next: 0, latest, late: 0, first_late: None }
    }

    /// The iterator over the file.
    pub fn inner(&self) -> &I {
        &self.events
    }

    fn release(&mut self) -> Option<I::Item> {
        let Reverse(held) = self.heap.pop()?;
        self.latest = held.time;
        Some(held.event)
    }
}

impl<I: Iterator<Item: Timed>> Iterator for Ordered<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        while self.heap.len() <= self.held {
            let Some(event) = self.events.next() else { return self.release() };
            let Some(time) = event.time() else { return Some(event) };
            if time < self.latest {
                self.late += 1;
                self.first_late.get_or_insert(event);
                continue;
            }
            self.heap.push(Reverse(Held { time, number: self.next, event }));
            self.next += 1;
        }
        self.release()
    }
}

/// Several files' events, each in time order, as one.
#[derive(Debug)]
pub struct Merged<I: Iterator> {
    files: Vec<(Option<I::Item>, I)>,
}

impl<I: Iterator<Item: Timed>> Merged<I> {
    /// Merges files; of simultaneous events those of earlier files come first.
    pub fn new(files: impl IntoIterator<Item = I>) -> Self {
        let mut files: Vec<_> = files.into_iter().map(|file| (None, file)).collect();
        for (head, file) in &mut files {
            *head = file.next();
        }
        Self { files }
    }

    /// The iterators over the files.
    pub fn files(&self) -> impl Iterator<Item = &I> {
        self.files.iter().map(|(_, file)| file)
    }
}

impl<I: Iterator<Item: Timed>> Iterator for Merged<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let waiting = self.files.iter_mut().filter(|(head, _)| head.is_some());
        let (head, file) = waiting.min_by_key(|(head, _)| head.as_ref().and_then(Timed::time))?;
        std::mem::replace(head, file.next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::event::Origin;

    fn event(time: impl Into<Option<i64>>, line: u64) -> Event {
        let mut event = Event::new(Origin { file: "e".into(), line }, Vec::new());
        event.time = time.into();
        event
    }

    #[test]
    fn disorder_within_the_bound_is_sorted_and_beyond_it_counted() {
        let events = [(3, 1), (1, 2), (2, 3), (2, 4), (9, 5), (0, 6)];
        let events = events.map(|(time, line)| event(time, line));
        let mut all = Ordered::new(events.clone().into_iter(), 10);
        let lines = |ordered: &mut dyn Iterator<Item = Event>| -> Vec<u64> {
            ordered.map(|event| event.origin.line).collect()
        };
        assert_eq!(lines(&mut all), [6, 2, 3, 4, 1, 5]);
        let mut few = Ordered::new(events.into_iter(), 2);
        assert_eq!(lines(&mut few), [2, 3, 4, 1, 5]);
        assert_eq!((few.late, few.first_late.map(|event| event.origin.line)), (1, Some(6)));
    }

    #[test]
    fn files_are_merged_by_time() {
        let a = vec![event(1, 1), event(4, 2), event(None, 3)];
        let b = vec![event(1, 11), event(2, 12), event(5, 13)];
        let merged = Merged::new([a.into_iter(), b.into_iter()]);
        let lines: Vec<u64> = merged.map(|event| event.origin.line).collect();
        assert_eq!(lines, [1, 11, 12, 2, 3, 13]);
    }
}
