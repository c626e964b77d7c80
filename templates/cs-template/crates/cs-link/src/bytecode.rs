//! Compiled modules of noarch python packages and wheels: brought along, or made by the prefix's own Python.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use cs_archive::{Progress, ReadAt};
use zstd::stream::read::Decoder as ZstdDecoder;

use crate::LinkError;
use crate::children::{Guarded, output_tail};
use crate::clean::checked_path;
use crate::clobber::{BYTECODE, Claim, Claimant, Claims};
use crate::fault::Fault;
use crate::input::{Input, Monitor};
use crate::layout::Layout;
use crate::maker::Maker;
use crate::shared::{Shared, write_fault};
use crate::tar::{Kind, TarReader};
use crate::threads::work_together;
use crate::tree::Hand;

/// The modules of noarch python packages and wheels, each with its package's index.
#[derive(Default)]
pub(crate) struct Modules(HashMap<String, usize>);

impl Modules {
    pub(crate) fn add(&mut self, claims: &Claims, package: usize, paths: Vec<String>) {
        for path in paths {
            let owner = self.0.entry(path).or_insert(package);
            if claims.claimant_of(package) > claims.claimant_of(*owner) {
                *owner = package;
            }
        }
    }

    /// Forget what another package's file has replaced.
    pub(crate) fn keep_owned(&mut self, claims: &Claims) {
        self.0
            .retain(|path, package| claims.owns(path, claims.claimant_of(*package)));
    }

    /// The compiled modules, each with the owner of its module.
    pub(crate) fn claimants<'a>(
        &self,
        claims: &Claims,
        compiled: &'a [String],
    ) -> Vec<(&'a str, Claimant)> {
        let claimant = |path: &str| {
            let package = self.0.get(&source_of(path)?)?;
            Some(claims.claimant_of(*package))
        };
        compiled
            .iter()
            .map(|path| (path.as_str(), claimant(path).unwrap_or(BYTECODE)))
            .collect()
    }

    /// Find the package of each compiled module; what was compiled from a module that
    /// another package has replaced is removed.
    pub(crate) fn attribute(
        &self,
        shared: &Shared,
        hand: &mut Hand,
        compiled: Vec<String>,
    ) -> Result<Vec<(usize, String)>, Fault> {
        let mut attributed = Vec::with_capacity(compiled.len());
        for path in compiled {
            let source = source_of(&path).unwrap_or_default();
            let Some(&package) = self.0.get(&source) else {
                let reason = "it does not belong to a module of the packages that are installed";
                return Err(Fault::damaged_at(path, reason));
            };
            if !shared.claims.owns(&path, BYTECODE) {
                // The package has brought its own.
            } else if shared
                .claims
                .owns(&source, shared.claims.claimant_of(package))
            {
                attributed.push((package, path));
            } else {
                hand.remove(&path)
                    .map_err(|error| write_fault(shared, &path, error))?;
            }
        }
        Ok(attributed)
    }
}

/// The module that `DIRECTORY/__pycache__/NAME.TAG.pyc` was compiled from (PEP 3147).
fn source_of(compiled: &str) -> Option<String> {
    let (directory, name) = compiled.rsplit_once('/')?;
    let directory = directory
        .strip_suffix("__pycache__")
        .filter(|rest| rest.is_empty() || rest.ends_with('/'))?;
    let (module, tag) = name.strip_suffix(".pyc")?.split_once('.')?;
    (!module.is_empty() && !tag.is_empty()).then(|| format!("{directory}{module}.py"))
}

/// Put the compiled modules in place that came with the runtime; their paths, and how many bytes they are.
pub(crate) fn unpack_shipped(
    shared: &Shared,
    hand: &mut Hand,
    bytes: &dyn ReadAt,
    monitor: &Monitor,
) -> Result<(Vec<String>, u64), Fault> {
    let input = Input::new(bytes, monitor, 0, bytes.len());
    let mut tar = TarReader::new(
        ZstdDecoder::with_buffer(input).map_err(Fault::decoding)?,
        None,
    );
    let (mut paths, mut written) = (Vec::new(), 0);
    while let Some(entry) = tar.next_entry()? {
        let path = checked_path(&entry)?;
        match entry.kind {
            Kind::Directory => continue,
            Kind::File if source_of(&path).is_some() => {}
            _ => return Err(Fault::damaged_at(path, "not a compiled module")),
        }
        let mut maker = Maker {
            shared,
            hand,
            claimant: BYTECODE,
        };
        let Some(mut made) = maker.make(&path, |hand, at| hand.create_file(at, 0o666))? else {
            continue;
        };
        loop {
            let chunk = tar.chunk()?;
            if chunk.is_empty() {
                break;
            }
            made.made
                .write_all(chunk)
                .map_err(|error| write_fault(shared, &path, error))?;
            written += chunk.len() as u64;
        }
        paths.push(path);
    }
    Ok((paths, written))
}

/// Runs in the prefix's Python: reads a path a line, answers each with a line.
///
/// It ends when its input does, so none is left behind even when this process is killed.
/// Unchecked hashes keep the files valid whatever happens to times (PEP 552).
const COMPILER: &str = r#"
import py_compile, sys
staging, prefix = sys.argv[1:3]
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
print(sys.implementation.cache_tag, flush=True)
for line in sys.stdin.buffer:
    path = line.rstrip(b"\n").decode("utf-8")
    try:
        py_compile.compile(staging + "/" + path, dfile=prefix + "/" + path, doraise=True, invalidation_mode=mode)
    except (py_compile.PyCompileError, SyntaxError, ValueError, RecursionError, MemoryError):
        print("-", flush=True)
    else:
        print("+", flush=True)
"#;

/// Compile every module; the compiled files, each with its package, and how many bytes they are.
///
/// A module that does not compile is left out, it may be meant for another version of
/// Python; so is one whose package has brought the compiled file along.
pub(crate) fn compile(
    shared: &Shared,
    layout: &Layout,
    modules: &Modules,
    progress: &dyn Progress,
    cancel: &AtomicBool,
) -> Result<(Vec<(usize, String)>, u64), LinkError> {
    let mut work: Vec<(&str, usize)> = modules
        .0
        .iter()
        .map(|(path, package)| (path.as_str(), *package))
        .collect();
    work.sort_unstable();
    if work.is_empty() {
        return Ok((Vec::new(), 0));
    }
    let shift = Shift {
        shared,
        layout,
        work: &work,
        next: AtomicUsize::new(0),
        bytes: AtomicU64::new(0),
        progress,
        cancel,
    };
    progress.compiled(0, work.len());
    let mut done = shift.work_together()?;
    done.sort_unstable();
    Ok((done, shift.bytes.into_inner()))
}

/// The compilers at work.
struct Shift<'a> {
    shared: &'a Shared<'a>,
    layout: &'a Layout,
    work: &'a [(&'a str, usize)],
    next: AtomicUsize,
    bytes: AtomicU64,
    progress: &'a dyn Progress,
    cancel: &'a AtomicBool,
}

/// The two ends of a conversation with a compiler.
struct Compiler {
    child: Guarded,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Shift<'_> {
    /// Work on as many threads as are wanted, or allowed: at least this one.
    fn work_together(&self) -> Result<Vec<(usize, String)>, LinkError> {
        let threads = self.shared.job.threads.clamp(1, 64).min(self.work.len());
        let work = || self.work_alone().inspect_err(|_| self.stop());
        let done: Vec<Vec<_>> = work_together(threads, work)
            .into_iter()
            .collect::<Result<_, _>>()?;
        Ok(done.into_iter().flatten().collect())
    }

    fn work_alone(&self) -> Result<Vec<(usize, String)>, LinkError> {
        let mut compiler = self.start()?;
        let tag = compiler.answer()?;
        let (mut hand, mut done) = (self.shared.tree.hand(), Vec::new());
        while let Some(&(path, package)) = self.work.get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Fault::Cancelled.into());
            }
            if let Some(compiled) = self.claim(path, &tag, &mut hand)
                && compiler.ask(path)? == "+"
            {
                let made = self.shared.job.staging.join(&compiled).symlink_metadata();
                let size = made.map_or(0, |made| made.len());
                self.bytes.fetch_add(size, Ordering::Relaxed);
                done.push((package, compiled));
            }
            self.progress.compiled(1, self.work.len());
        }
        Ok(done)
    }

    /// Where the compiled module may be written; `None` when a package has it already, or has put something in its way.
    fn claim(&self, module: &str, tag: &str, hand: &mut Hand) -> Option<String> {
        // A line break in the path would end the line that the compiler is asked in.
        let compiled = compiled_path(module, tag).filter(|_| !module.contains('\n'))?;
        let (directory, _) = compiled.rsplit_once('/')?;
        // The compiler follows symbolic links: have a real directory before it looks.
        hand.create_directory(directory).ok()?;
        let claim = self.shared.claims.claim(&compiled, BYTECODE);
        (claim != Claim::Refused).then_some(compiled)
    }

    /// Leave nothing for the others to do.
    fn stop(&self) {
        self.next.store(self.work.len(), Ordering::Relaxed);
    }

    fn start(&self) -> Result<Compiler, LinkError> {
        let program = self.shared.job.staging.join(self.layout.interpreter());
        let mut command = Command::new(&program);
        // Isolated, without site and its .pth files, writing no bytecode but what it is asked for.
        command.args([
            "-I", "-S", "-B", "-X", "utf8", "-W", "ignore", "-c", COMPILER,
        ]);
        command.args([self.shared.job.staging, self.shared.job.prefix]);
        clean_environment(&mut command, self.shared.job.staging);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let fault = |source| Fault::Spawn {
            program: program.clone(),
            source,
        };
        let mut child = Guarded::start(command).map_err(fault)?;
        let pipes = child.take_pipes().ok_or(ErrorKind::BrokenPipe);
        let (input, output) = pipes.map_err(|kind| fault(kind.into()))?;
        Ok(Compiler {
            child,
            input,
            output: BufReader::new(output),
        })
    }
}

impl Compiler {
    fn ask(&mut self, path: &str) -> Result<String, LinkError> {
        match self.input.write_all(format!("{path}\n").as_bytes()) {
            Ok(()) => self.answer(),
            Err(_) => Err(self.failure()),
        }
    }

    fn answer(&mut self) -> Result<String, LinkError> {
        let mut line = String::new();
        match self.output.read_line(&mut line) {
            Ok(count) if count > 0 => Ok(line.trim_end().to_owned()),
            _ => Err(self.failure()),
        }
    }

    fn failure(&mut self) -> LinkError {
        let (status, output) = self.child.finish();
        Fault::Compile {
            status,
            output: output_tail(&output),
        }
        .into()
    }
}

fn clean_environment(command: &mut Command, staging: &Path) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PYTHON") {
            command.env_remove(name);
        }
    }
    command.current_dir(working_directory(staging));
}

/// Where children work: in the staging directory, or at the root of its drive where Windows would refuse the length.
pub(crate) fn working_directory(staging: &Path) -> &Path {
    choose_directory(staging, cfg!(windows))
}

fn choose_directory(staging: &Path, is_limited: bool) -> &Path {
    // MAX_PATH holds a separator and a NUL too.
    const LONGEST: usize = 258;
    let length = staging.to_string_lossy().encode_utf16().count();
    match staging.ancestors().last() {
        Some(root) if is_limited && length >= LONGEST => root,
        _ => staging,
    }
}

fn compiled_path(module: &str, tag: &str) -> Option<String> {
    let (directory, name) = module.rsplit_once('/')?;
    Some(format!(
        "{directory}/__pycache__/{}.{tag}.pyc",
        name.strip_suffix(".py")?
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_windows_refuses_to_work_in_gives_way_to_its_root() {
        let root = Path::new(if cfg!(windows) { "C:\\" } else { "/" });
        let length = 258 - root.as_os_str().len();
        let [fits, long] = [length - 1, length].map(|length| root.join("x".repeat(length)));
        assert_eq!(choose_directory(&fits, true), fits);
        assert_eq!(choose_directory(&long, true), root);
        assert_eq!(choose_directory(&long, false), long);
    }
}
