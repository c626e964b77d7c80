//! Help texts.

use crate::cli::variables::{SHARED_PREFIX, name_variable};
use crate::context::Runtime;

/// The lines of the help of the runtime, or of one command.
pub fn render_help(runtime: &Runtime, topic: Option<&'static str>) -> Vec<String> {
    match topic {
        None | Some("help") => render_overview(runtime),
        Some(command) => {
            let (arguments, text) = describe_command(command);
            let conda = match runtime.launch.delegate_is_conda() {
                true => describe_conda(command),
                false => "",
            };
            let usage = format!("usage: {{own}} {arguments}\n\n");
            fill_in(runtime, &[&usage, text, conda].concat())
        }
    }
}

fn render_overview(runtime: &Runtime) -> Vec<String> {
    let behind = match runtime.launch.self_commands {
        true => OVERVIEW_SELF,
        false => OVERVIEW_DIRECT,
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
{runtime} {version}: runs {delegate}, which it installs at its first run.

usage: {name} [-v] [-q] [--path PATH] [ARGUMENTS OF {delegate}]
       {name} [-v] [-q] [--path PATH] COMMAND
       {name} -- ARGUMENTS OF {delegate}, even if they look like a command
";

const OVERVIEW_SELF: &str = "\
{runtime} {version}: runs {delegate}, which it installs at its first run.

usage: {name} [ARGUMENTS OF {delegate}]
       {name} self [-v] [-q] [--path PATH] COMMAND
       {name} -- ARGUMENTS OF {delegate}, even if the first is `self`
";

const OVERVIEW: &str = "
commands:
  bootstrap   install now, install again, or install from a bundle
  status      what is installed, where, and from which packages
  shell       start a shell in which everything installed is at hand
  rollback    put back what the last upgrade replaced
  uninstall   remove what was installed
  help        this text, or that of a command: {own} help COMMAND

options:
  -h            this text
  -V            the version of {runtime}
  -v            say more
  -q            say nothing but errors
  --path PATH   install at, and run from, PATH

variables:
  {prefix_variables}
                the same as --path
  {BUNDLE}   directory or .bundle.tar.zst with package archives
  {OFFLINE}  1: never use the network
  {QUIET}    1: the same as -q
  {PROGRESS} json: one JSON event a line on stderr while installing

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
At a terminal this is `conda spawn` where conda-spawn is installed; its options may follow,
such as --replace and --stack.
";

const UNINSTALL_CONDA: &str = "
With anything else behind it, uninstall is conda's: `{own} uninstall PACKAGE` removes a package.
";

const BOOTSTRAP: &str = "\
Install {delegate} and its packages at {prefix}. The first run does this by itself;
use this command to do it beforehand, without a network, or again.

  --force          install again, even if everything is there; what was changed since
                   is kept aside, and `rollback` puts it back
  --bundle PATH    take package archives from this directory or .bundle.tar.zst
                   (also: {BUNDLE})
  --offline        do not download what the bundle lacks: fail instead
                   (also: {OFFLINE}=1)
  --progress json  write one JSON event a line to stderr (also: {PROGRESS}=json)
";

const STATUS: &str = "\
Show which runtime this is, what is installed at {prefix}, and how.

  --json   as one JSON document, for programs
";

const SHELL: &str = "\
Start a shell in which the programs of {prefix} come first, or those of one
of its environments. Leave it with `exit`.

  ENVIRONMENT   name of an environment, looked up where conda does, or the path of one
";

const ROLLBACK: &str = "\
Put back the prefix that the last upgrade replaced. The newer one is kept in its place: a
second rollback brings it back.
";

const UNINSTALL: &str = "\
Remove {prefix}, its environments, and what an upgrade has kept.
Asks first, and says afterwards how to remove {runtime} itself.

  -y   do not ask
";

/// What to do instead of `activate`, `deactivate` or `init`, which would change the user's own shell.
pub fn explain(runtime: &Runtime, word: &str) -> String {
    let own = runtime.own_command();
    let instead = match word {
        "activate" => format!("Start a shell with everything at hand: `{own} shell [ENVIRONMENT]`"),
        "deactivate" => "Leave the shell that `shell` started with `exit`".to_owned(),
        _ => format!(
            "There is nothing to set up: `{own} shell` starts a shell with everything at hand"
        ),
    };
    let name = runtime.command_name.to_string_lossy();
    format!(
        "`{word}` changes the running shell, which {name} leaves alone. {instead}. To pass the word on to conda: `{name} -- {word}`."
    )
}
