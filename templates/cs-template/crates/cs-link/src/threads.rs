//! Several threads that share some work.

use std::panic::resume_unwind;
use std::thread::{Builder, scope};

/// Do the same on so many threads, this one among them; what each of them returns.
///
/// Where no more threads are allowed, fewer do the work.
pub(crate) fn work_together<T: Send>(threads: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    scope(|scope| {
        let start = |_| Builder::new().spawn_scoped(scope, &work).ok();
        let others: Vec<_> = (1..threads).map_while(start).collect();
        let mut returned = vec![work()];
        let joined = others.into_iter().map(|thread| thread.join());
        returned.extend(joined.map(|result| result.unwrap_or_else(|panic| resume_unwind(panic))));
        returned
    })
}
