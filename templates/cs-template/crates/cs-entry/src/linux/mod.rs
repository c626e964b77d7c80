//! The entry itself, on Linux: from the kernel's first instruction to `execve` or `_start`.

mod directory;
mod memory;
mod process;
mod start;
mod system;

use core::convert::Infallible;

use crate::environment::{Context, Entries, write_environment};
use crate::footer::read_end;
use crate::launch::Launch;
use crate::place::write_prefix;
use crate::text::Text;
use directory::Prefix;
use memory::Memory;
use process::Process;

/// Replace this process by the delegate; `None` when anything is out of the ordinary, for
/// the full program to deal with.
fn hand_over(process: &Process, memory: &'static mut Memory) -> Option<Infallible> {
    let (tail, length) = system::read_end(b"/proc/self/exe\0", &mut memory.tail)?;
    let end = read_end(tail, length)?;
    let launch = Launch::parse(end.launch)?;
    let is_own = process
        .arguments()
        .nth(1)
        .is_some_and(|first| launch.is_own_argument(first));
    if is_own || launch.needs_full_activation() || process.is_privileged() {
        return None;
    }
    let mut text = Text::new(&mut memory.text);
    let path = write_prefix(&launch, |name| process.variable(name), &mut text)?;
    let directory = Prefix::open(path, process.effective_user()?)?;
    let marker = text.push(launch.marker)?.end()?;
    let marker = directory.read_start(marker, &mut memory.marker)?;
    if !launch.is_marker_of(end.identity, marker) {
        return None;
    }
    let (_, prefix) = path.split_last()?;
    let delegate = text
        .push(prefix)?
        .push(b"/")?
        .push(launch.delegate)?
        .end()?;
    let command_name = process
        .arguments()
        .next()?
        .rsplit(|byte| *byte == b'/')
        .next()
        .filter(|name| !name.is_empty())?;
    let context = Context {
        prefix,
        command_name,
        delegate_is_conda: launch.delegate_is_conda(),
        replaces_active: false,
    };
    let mut entries = Pointers {
        text,
        pointers: &mut memory.pointers,
        count: 0,
    };
    write_environment(process.environment(), &context, &mut entries)?;
    system::execute(delegate, process, entries.finish()?)
}

/// An environment as `execve` takes it: pointers to NUL-terminated entries, the last one null.
struct Pointers<'m> {
    text: Text<'m>,
    pointers: &'m mut [usize],
    count: usize,
}

impl<'m> Pointers<'m> {
    #[inline]
    fn add(&mut self, pointer: usize) -> Option<()> {
        *self.pointers.get_mut(self.count)? = pointer;
        self.count = self.count.wrapping_add(1);
        Some(())
    }

    #[inline]
    fn finish(mut self) -> Option<&'m [usize]> {
        self.add(0)?;
        Some(self.pointers)
    }
}

impl Entries<'static> for Pointers<'_> {
    /// The entry stays where the kernel put it, its NUL behind it.
    #[inline]
    fn keep(&mut self, entry: &'static [u8]) -> Option<()> {
        self.add(entry.as_ptr() as usize)
    }

    #[inline]
    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        self.text.push(bytes).map(|_| ())
    }

    #[inline]
    fn end(&mut self) -> Option<()> {
        let entry = self.text.end()?.as_ptr() as usize;
        self.add(entry)
    }
}
