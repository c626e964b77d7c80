//! One invocation of a runtime, from the arguments to an exit status or another process.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use cs_prefix::{Hold, PrefixError};
use cs_stamp::{Launch, Stamp};

use crate::cli::arguments::{Globals, Invocation, Request};
use crate::cli::help;
use crate::cli::parser::parse_arguments;
use crate::cli::usage::UsageError;
use crate::cli::variables::{Variables, name_variable, read_variables};
use crate::commands::news::WAIT_LIMIT;
use crate::commands::{bootstrap, rollback, shell, status, uninstall, verify};
use crate::context::{Runtime, describe_delegate, name_own_command};
use crate::locate::environments::find_environment;
use crate::locate::place::{Place, find_place};
use crate::process::{privilege, signals};
use crate::run::handover;
use crate::say::error::{Error, PassOn};
use crate::say::form::Form;
use crate::say::voice::{Voice, print_line, print_lines};

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
        prefix: PathBuf::new(),
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
    let stamp = Stamp::open_self()?.ok_or_else(|| explain_no_stamp(&command_name))?;
    let header = stamp.header()?;
    let launch = stamp.launch(&header)?;
    voice.runtime.clone_from(&header.runtime);
    let own = name_own_command(&command_name, &launch, None);
    let variables = read_variables(&header.runtime, &lookup);
    configure_voice(voice, &Globals::default(), &variables);
    let invocation = parse_arguments(arguments, &launch).map_err(|error| {
        let pass_on = error
            .command
            .map(|_| describe_pass_on(&command_name, &launch));
        Error::Usage {
            error,
            own,
            pass_on,
        }
    })?;
    configure_voice(voice, &invocation.globals, &variables);
    if let Request::Version = invocation.request {
        return print_line(&format!("{} {}", header.runtime, header.runtime_version));
    }
    let place = find_place(invocation.globals.path.as_deref(), &launch, &lookup);
    let place = match &invocation.request {
        // A user who asks for help may not know yet what is wrong.
        Request::Help(_) => place.unwrap_or_else(|_| Place::unknown(&launch)),
        _ => place?,
    };
    voice.prefix.clone_from(&place.prefix);
    if let Request::Delegate(arguments) = &invocation.request {
        let _hold = Hold::take(&place.prefix);
        if handover::is_current(&place.prefix, &launch) {
            return Err(handover::hand_over(
                &describe_delegate(&place, &launch, &command_name),
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
    check_progress(&runtime, &invocation.globals)?;
    answer(&runtime, invocation)
}

/// A file that ends elsewhere than a template was cut short, or is a stamped one with something behind it.
fn explain_no_stamp(command_name: &OsStr) -> Error {
    let path = std::env::current_exe().unwrap_or_else(|_| command_name.into());
    match cs_stamp::ends_as_linked(&path) {
        Ok(Some(false)) => Error::Incomplete(path),
        _ => Error::Unstamped(path),
    }
}

fn lookup(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn describe_pass_on(command_name: &OsStr, launch: &Launch) -> PassOn {
    let delegate = Path::new(&launch.delegate).file_stem().unwrap_or_default();
    let name = command_name.to_string_lossy();
    PassOn {
        delegate: delegate.to_string_lossy().into_owned(),
        prefix: if launch.self_commands {
            format!("{name} -- self")
        } else {
            format!("{name} --")
        },
    }
}

fn configure_voice(voice: &mut Voice, globals: &Globals, variables: &Variables) {
    voice.is_quiet = globals.is_quiet || variables.is_quiet;
    voice.is_verbose = globals.is_verbose;
    let wanted = variables.progress.as_deref().and_then(Form::parse);
    voice.form = globals.progress.or(wanted).unwrap_or(Form::Text);
}

/// Refuse a variable that makes no sense. A mere hand-over, which shows no progress, does not look at it.
fn check_progress(runtime: &Runtime, globals: &Globals) -> Result<(), Error> {
    match &runtime.variables.progress {
        Some(odd) if globals.progress.is_none() && Form::parse(odd).is_none() => {
            let variable = name_variable(&runtime.header.runtime, "PROGRESS");
            Err(Error::Usage {
                error: UsageError {
                    message: format!(
                        "invalid value {} for {variable}: use json or text",
                        odd.display()
                    ),
                    command: Some("bootstrap"),
                },
                own: runtime.own_command(),
                pass_on: None,
            })
        }
        _ => Ok(()),
    }
}

fn answer(runtime: &Runtime, invocation: Invocation) -> Result<(), Error> {
    match invocation.request {
        Request::Delegate(arguments) => hand_over(runtime, &arguments),
        Request::Bootstrap(options) => bootstrap::run(runtime, &options),
        Request::Status { as_json } => status::run(runtime, as_json),
        Request::Verify { as_json } => verify::run(runtime, as_json),
        Request::Shell {
            environment,
            spawn_arguments,
        } => start_shell(runtime, environment.as_deref(), spawn_arguments),
        Request::Rollback => rollback::run(runtime),
        Request::Uninstall { is_confirmed } => uninstall::run(runtime, is_confirmed),
        Request::Help(topic) => print_lines(help::render_help(runtime, topic)),
        Request::Version => Ok(()),
        Request::Explain(word) => Err(Error::Explained {
            word,
            name: runtime.command_name.to_string_lossy().into_owned(),
            own: runtime.own_command(),
        }),
    }
}

fn hand_over(runtime: &Runtime, arguments: &[OsString]) -> Result<(), Error> {
    let _hold = settle_and_hold(runtime)?;
    Err(handover::hand_over(
        &runtime.delegate(),
        arguments,
        &runtime.voice,
    ))
}

fn start_shell(
    runtime: &Runtime,
    environment: Option<&OsStr>,
    spawn_arguments: Vec<OsString>,
) -> Result<(), Error> {
    let _hold = settle_and_hold(runtime)?;
    let root = runtime.place.prefix.clone();
    let environment = find_environment(&root, environment, &lookup)?;
    // Its scripts and programs are run as those of the prefix are.
    if let Some(why) = cs_prefix::find_distrust(&environment.prefix)? {
        return Err(PrefixError::Untrusted { why }.into());
    }
    Err(shell::start_shell(&shell::ShellPlan {
        environment,
        root,
        spawn_arguments,
        command_name: runtime.command_name.clone(),
        runtime: runtime.header.runtime.clone(),
        delegate_is_conda: runtime.launch.delegate_is_conda(),
        voice: runtime.voice.clone(),
    }))
}

/// Make sure that the prefix can be run, and hold it, so that what is started is what was said.
/// Where other versions take its place at the same time, this goes on until it is this one's turn.
fn settle_and_hold(runtime: &Runtime) -> Result<Hold, Error> {
    let start = Instant::now();
    loop {
        let installed = bootstrap::ensure(runtime, None)?;
        check_signals()?;
        let (prefix, marker) = (&runtime.place.prefix, installed.outcome.marker());
        let is_on = installed.hold.is_on(prefix, &runtime.owner(), marker);
        // An error that stays is the next round's.
        if is_on.unwrap_or(false) {
            return Ok(installed.hold);
        }
        if start.elapsed() > WAIT_LIMIT {
            return Err(Error::Lifecycle(PrefixError::Busy {
                prefix: prefix.clone(),
                held: prefix.clone(),
                waited: start.elapsed(),
            }));
        }
    }
}

/// A signal that came too late to stop the installation still stops what was to follow.
fn check_signals() -> Result<(), Error> {
    signals::received().map_or(Ok(()), |signal| Err(Error::Interrupted(signal)))
}
