//! One invocation of a runtime, from the arguments to an exit status or another process.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use cs_prefix::{Hold, Owner, PrefixError};
use cs_stamp::{Header, Launch, Stamp};

use crate::arguments::{Globals, Invocation, Request, Words, parse_arguments};
use crate::environments::find_environment;
use crate::error::{Error, PassOn};
use crate::launch::{self, Delegate};
use crate::place::{Place, find_place};
use crate::variables::{Variables, name_variable, read_variables};
use crate::voice::{Form, Voice, print_line, print_lines};
use crate::{bootstrap, help, privilege, rollback, shell, signals, status, uninstall};

/// What every command needs to know.
#[derive(Debug)]
pub struct Runtime {
    /// The stamp on this executable.
    pub stamp: Stamp,
    /// Its identity in hex.
    pub stamp_hex: String,
    /// What a later run needs to know.
    pub launch: Launch,
    /// Who this runtime is and how it behaves.
    pub header: Header,
    /// Which prefix is meant.
    pub place: Place,
    /// What the environment asks for.
    pub variables: Variables,
    /// How to speak.
    pub voice: Voice,
    /// File name of the executable, as the user called it.
    pub command_name: OsString,
}

/// Do what the arguments ask for.
pub fn run() -> ExitCode {
    let mut arguments = std::env::args_os();
    let command_name = arguments.next().unwrap_or_default();
    let command_name = Path::new(&command_name).file_name().map(OsStr::to_owned);
    let command_name = command_name.unwrap_or_else(|| "runtime".into());
    let mut voice = Voice {
        runtime: command_name.to_string_lossy().into_owned(),
        form: Form::Text,
        is_quiet: false,
        is_verbose: false,
    };
    match run_stamped(arguments.collect(), command_name, &mut voice) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            voice.fail(&error);
            ExitCode::from(error.exit_status())
        }
    }
}

fn run_stamped(
    arguments: Vec<OsString>,
    command_name: OsString,
    voice: &mut Voice,
) -> Result<(), Error> {
    if privilege::has_more_than_caller() {
        return Err(Error::Privileged);
    }
    let stamp = Stamp::open_self()?.ok_or_else(|| {
        Error::Unstamped(std::env::current_exe().unwrap_or_else(|_| command_name.clone().into()))
    })?;
    let header = stamp.header()?;
    let launch = stamp.launch(&header)?;
    voice.runtime.clone_from(&launch.runtime);
    let own = name_own_command(&command_name, &launch);
    let variables = read_variables(&launch.runtime, &lookup);
    configure_voice(voice, &Globals::default(), &variables);
    let invocation = parse_arguments(arguments, find_words(&launch)).map_err(|error| {
        Error::from_usage(error, &own, &describe_pass_on(&command_name, &launch))
    })?;
    configure_voice(voice, &invocation.globals, &variables);
    if let Request::Version = invocation.request {
        return print_line(&format!("{} {}", header.runtime, header.runtime_version));
    }
    let place = find_place(invocation.globals.path.as_deref(), &launch, &lookup);
    let place = match &invocation.request {
        // Whoever asks for help may not know yet what is wrong.
        Request::Help(_) => place.unwrap_or_else(|_| Place::unknown(&launch)),
        _ => place?,
    };
    if let Request::Delegate(arguments) = &invocation.request {
        let _hold = Hold::take(&place.prefix);
        if launch::is_current(&place.prefix, &launch) {
            return Err(launch::hand_over(
                &describe_delegate(&place.prefix, &launch, &command_name),
                arguments,
                voice,
            ));
        }
    }
    let runtime = Runtime {
        stamp_hex: stamp.identity_hex(),
        header,
        stamp,
        launch,
        place,
        variables,
        voice: voice.clone(),
        command_name,
    };
    runtime.check_progress(&invocation.globals)?;
    runtime.answer(invocation)
}

fn lookup(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// How the runtime's own commands are called: `demo`, or `demo self`.
fn name_own_command(command_name: &OsStr, launch: &Launch) -> String {
    let name = command_name.to_string_lossy();
    match launch.self_commands {
        true => format!("{name} self"),
        false => name.into_owned(),
    }
}

fn describe_pass_on(command_name: &OsStr, launch: &Launch) -> PassOn {
    let delegate = Path::new(&launch.delegate).file_stem().unwrap_or_default();
    let name = command_name.to_string_lossy();
    PassOn {
        delegate: delegate.to_string_lossy().into_owned(),
        prefix: match launch.self_commands {
            true => format!("{name} -- self"),
            false => format!("{name} --"),
        },
    }
}

fn find_words(launch: &Launch) -> Words {
    Words {
        stand_behind_self: launch.self_commands,
        delegate_is_conda: launch.delegate_is_conda(),
    }
}

fn configure_voice(voice: &mut Voice, globals: &Globals, variables: &Variables) {
    voice.is_quiet = globals.is_quiet || variables.is_quiet;
    voice.is_verbose = globals.is_verbose;
    let wanted = variables.progress.as_deref().and_then(Form::parse);
    voice.form = globals.progress.or(wanted).unwrap_or(Form::Text);
}

fn describe_delegate(prefix: &Path, launch: &Launch, command_name: &OsStr) -> Delegate {
    Delegate {
        prefix: prefix.to_owned(),
        program: launch::find_program(prefix, &launch.delegate),
        command_name: command_name.to_owned(),
        is_conda: launch.delegate_is_conda(),
        is_fully_activated: launch.full_activation,
        repair: format!(
            "{} bootstrap --force",
            name_own_command(command_name, launch)
        ),
    }
}

impl Runtime {
    /// How the runtime's own commands are called: `demo`, or `demo self`.
    pub fn own_command(&self) -> String {
        name_own_command(&self.command_name, &self.launch)
    }

    /// Who owns the prefix.
    pub fn owner(&self) -> Owner<'_> {
        Owner {
            runtime: &self.header.runtime,
            stamp_hex: &self.stamp_hex,
            runtime_version: &self.header.runtime_version,
        }
    }

    /// The executable's real path.
    pub fn executable(&self) -> PathBuf {
        let path = self.stamp.path();
        path.canonicalize().unwrap_or_else(|_| path.to_owned())
    }

    /// The delegate of the prefix.
    pub fn delegate(&self) -> Delegate {
        describe_delegate(&self.place.prefix, &self.launch, &self.command_name)
    }

    /// Refuse a variable that makes no sense. A mere hand-over, which shows no progress, does not look at it.
    fn check_progress(&self, globals: &Globals) -> Result<(), Error> {
        match &self.variables.progress {
            Some(odd) if globals.progress.is_none() && Form::parse(odd).is_none() => {
                let variable = name_variable(&self.header.runtime, "PROGRESS");
                Err(Error::Usage {
                    message: format!("{variable} is {}: it can be json or text", odd.display()),
                    help: format!("{} help bootstrap", self.own_command()),
                    way_on: String::new(),
                })
            }
            _ => Ok(()),
        }
    }

    fn answer(&self, invocation: Invocation) -> Result<(), Error> {
        match invocation.request {
            Request::Delegate(arguments) => self.hand_over(&arguments),
            Request::Bootstrap(options) => bootstrap::run(self, &options),
            Request::Status { as_json } => status::run(self, as_json),
            Request::Shell {
                environment,
                spawn_arguments,
            } => self.start_shell(environment.as_deref(), spawn_arguments),
            Request::Rollback => rollback::run(self),
            Request::Uninstall { is_confirmed } => uninstall::run(self, is_confirmed),
            Request::Help(topic) => print_lines(help::render_help(self, topic)),
            Request::Version => Ok(()),
            Request::Explain(word) => Err(Error::Explained(help::explain(self, word))),
        }
    }

    fn hand_over(&self, arguments: &[OsString]) -> Result<(), Error> {
        let _hold = self.settle_and_hold()?;
        Err(launch::hand_over(&self.delegate(), arguments, &self.voice))
    }

    fn start_shell(
        &self,
        environment: Option<&OsStr>,
        spawn_arguments: Vec<OsString>,
    ) -> Result<(), Error> {
        let _hold = self.settle_and_hold()?;
        let root = self.place.prefix.clone();
        let environment = find_environment(&root, environment, &lookup)?;
        // Its scripts and programs are run as those of the prefix are.
        if let Some(why) = cs_prefix::find_distrust(&environment.prefix)? {
            return Err(PrefixError::Untrusted { why }.into());
        }
        Err(shell::start_shell(&shell::ShellPlan {
            environment,
            root,
            spawn_arguments,
            command_name: self.command_name.clone(),
            delegate_is_conda: self.launch.delegate_is_conda(),
            voice: self.voice.clone(),
        }))
    }

    /// Make sure that the prefix can be run, and hold it, so that what is started is what was said. Where other versions take its
    /// place at the same time, this goes on until it is this one's turn.
    fn settle_and_hold(&self) -> Result<Hold, Error> {
        let start = Instant::now();
        loop {
            let installed = bootstrap::ensure(self, None)?;
            self.check_signals()?;
            let (prefix, marker) = (&self.place.prefix, installed.outcome.marker());
            let is_on = installed.hold.is_on(prefix, &self.owner(), marker);
            // An error that stays is the next round's.
            if is_on.unwrap_or(false) {
                return Ok(installed.hold);
            }
            if start.elapsed() > bootstrap::WAIT_LIMIT {
                return Err(Error::Lifecycle(PrefixError::Busy {
                    prefix: prefix.clone(),
                    held: prefix.clone(),
                    waited: start.elapsed(),
                }));
            }
        }
    }

    /// A signal that came too late to stop the installation still stops what was to follow.
    fn check_signals(&self) -> Result<(), Error> {
        signals::received().map_or(Ok(()), |signal| Err(Error::Interrupted(signal)))
    }
}
