//! Help texts.

use crate::cli::variables::{SHARED_PREFIX, name_variable};
use crate::context::Runtime;

/// The lines of the help of the runtime, or of one command.
pub fn render_help(runtime: &Runtime, topic: Option<&'static str>) -> Vec<String> {
    match topic {
        None | Some("help") => render_overview(runtime),
        Some(command) => {
            let (arguments, text) = describe_command(command);
            let conda = if runtime.launch.delegate_is_conda() {
                describe_conda(command)
            } else {
                ""
            };
            let usage = format!("usage: {{own}} {arguments}\n\n");
            fill_in(runtime, &[&usage, text, conda].concat())
        }
    }
}

fn render_overview(runtime: &Runtime) -> Vec<String> {
    let behind = if runtime.launch.self_commands {
        OVERVIEW_SELF
    } else {
        OVERVIEW_DIRECT
    };
    let docs = match runtime.header.docs_url {
        Some(_) => "\nMore: {docs_url}\n",
        None => "",
    };
    fill_in(runtime, &[behind, OVERVIEW, docs].concat())
}

/// Put in what a text says of this runtime, line by line: a value does not make another line.
fn fill_in(runtime: &Runtime, text: &str) -> Vec<String> {
    let header = &runtime.header;
    let variable = |suffix| name_variable(&runtime.header.runtime, suffix);
    let own_prefix = runtime.launch.prefix_variable.as_deref();
    let prefix_variables = match own_prefix {
        Some(own) => format!("{SHARED_PREFIX}, {own}"),
        None => SHARED_PREFIX.to_owned(),
    };
    let docs_url = header.docs_url.as_deref().unwrap_or_default();
    let fill_in_line = |line: &str| {
        line.replace("{prefix_variables}", &prefix_variables)
            .replace("{BUNDLE}", &variable("BUNDLE"))
            .replace("{OFFLINE}", &variable("OFFLINE"))
            .replace("{QUIET}", &variable("QUIET"))
            .replace("{PROGRESS}", &variable("PROGRESS"))
            .replace("{prefix}", &runtime.place.prefix.to_string_lossy())
            .replace("{runtime}", &header.runtime)
            .replace("{delegate}", &header.delegate)
            .replace("{docs_url}", docs_url)
            .replace("{version}", &header.runtime_version)
            .replace("{own}", &runtime.own_command())
            .replace("{name}", &runtime.command_name.to_string_lossy())
    };
    text.lines().map(fill_in_line).collect()
}

const OVERVIEW_DIRECT: &str = "\
{runtime} {version}: installs {delegate} at its first run, then runs it.

usage: {name} [-v] [-q] [--path PATH] [ARGUMENTS OF {delegate}]
       {name} [-v] [-q] [--path PATH] COMMAND
       {name} -- ARGUMENTS OF {delegate}, never taken as a command of {name}
";

const OVERVIEW_SELF: &str = "\
{runtime} {version}: installs {delegate} at its first run, then runs it.

usage: {name} [ARGUMENTS OF {delegate}]
       {name} self [-v] [-q] [--path PATH] COMMAND
       {name} -- ARGUMENTS OF {delegate}, even if the first is `self`
";

const OVERVIEW: &str = "
commands:
  bootstrap   install now, install again, or install from a bundle
  status      what is installed, where, and from which packages
  shell       start a shell with the environment activated
  rollback    restore the version that the last upgrade replaced
  uninstall   remove what was installed
  help        show this help, or that of a command: {own} help COMMAND

options:
  -h            show this help
  -V            show the version of {runtime}
  -v            print more
  -q            print only errors
  --path PATH   install at, and run from, PATH

variables:
  {prefix_variables}
                the same as --path
  {BUNDLE}   directory or .bundle.tar.zst with package archives
  {OFFLINE}  1: never use the network
  {QUIET}    1: the same as -q
  {PROGRESS} json: write one JSON event per line to stderr while installing

Installs to: {prefix}
";

/// How a command is called, and what it does.
fn describe_command(command: &str) -> (&'static str, &'static str) {
    match command {
        "bootstrap" => (
            "bootstrap [--force] [--bundle PATH] [--offline] [--progress json]",
            BOOTSTRAP,
        ),
        "status" => ("status [--json]", STATUS),
        "shell" => ("shell [ENVIRONMENT]", SHELL),
        "rollback" => ("rollback", ROLLBACK),
        _ => ("uninstall [-y]", UNINSTALL),
    }
}

/// What a command leaves to a delegate that is conda.
fn describe_conda(command: &str) -> &'static str {
    match command {
        "shell" => SHELL_CONDA,
        "uninstall" => UNINSTALL_CONDA,
        _ => "",
    }
}

const SHELL_CONDA: &str = "
At a terminal, this is `conda spawn` if conda-spawn is installed; its options may follow,
such as --replace and --stack.
";

const UNINSTALL_CONDA: &str = "
With other arguments, uninstall is conda's: `{own} uninstall PACKAGE` removes a package.
";

const BOOTSTRAP: &str = "\
Install {delegate} and its packages at {prefix}. The first run does this too;
use this command to do it beforehand, from a bundle, or again.

  --force          install again, even if everything is installed; a changed prefix
                   is kept, and `rollback` restores it
  --bundle PATH    take package archives from this directory or .bundle.tar.zst
                   (also: {BUNDLE})
  --offline        fail instead of downloading packages that the bundle does not contain
                   (also: {OFFLINE}=1)
  --progress json  write one JSON event per line to stderr (also: {PROGRESS}=json)
";

const STATUS: &str = "\
Show which runtime this is, and what is installed at {prefix}.

  --json   print one JSON document
";

const SHELL: &str = "\
Start a shell with {prefix}, or one of its environments,
activated. Leave it with `exit`.

  ENVIRONMENT   name of an environment, looked up where conda does, or the path of one
";

const ROLLBACK: &str = "\
Restore the prefix that the last upgrade replaced. The newer one is kept: a second
rollback undoes the first.
";

const UNINSTALL: &str = "\
Remove {prefix}, its environments, and the previous version kept by the last upgrade.
Asks first, and says afterwards how to remove {runtime} itself.

  -y   do not ask
";
