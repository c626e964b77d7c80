//! Commands that call a function of a noarch python package.

use crate::layout::Layout;
use crate::shebang::{SHEBANG_LIMIT, ends_interpreter, exec_line};

/// `COMMAND = MODULE:FUNCTION [EXTRAS]`, as in `info/link.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntryPoint {
    pub(crate) command: String,
    module: String,
    function: String,
}

impl EntryPoint {
    /// Parse one entry point, or say why it is refused. What it names ends up in Python code, so it must be names.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (command, call) = text.split_once('=').ok_or("no '=' in it")?;
        let (module, function) = call.split_once(':').ok_or("no ':' in it")?;
        let function = function.split('[').next().unwrap_or_default();
        let (command, module, function) = (command.trim(), module.trim(), function.trim());
        if command.is_empty()
            || command.starts_with('.')
            || command.contains(['/', '\\', '\0', ':', '\n', '\r'])
        {
            return Err("the command is not a plain file name");
        }
        if !is_dotted_name(module) || !is_dotted_name(function) {
            return Err("module and function must be dotted names");
        }
        Ok(Self {
            command: command.to_owned(),
            module: module.to_owned(),
            function: function.to_owned(),
        })
    }

    /// The script. On Windows a launcher starts it and it has no first line of its own.
    pub(crate) fn script(&self, layout: &Layout, prefix: &str) -> Vec<u8> {
        let mut script = if cfg!(windows) {
            Vec::new()
        } else {
            shebang(layout, prefix)
        };
        let Self {
            module, function, ..
        } = self;
        let name = function.split('.').next().unwrap_or(function);
        let body = format!(
            "\n# -*- coding: utf-8 -*-\nimport re\nimport sys\n\nfrom {module} import {name}\n\n\
             if __name__ == '__main__':\n\
             \tsys.argv[0] = re.sub(r'(-script\\.pyw?|\\.exe)?$', '', sys.argv[0])\n\
             \tsys.exit({function}())\n"
        );
        script.extend_from_slice(body.as_bytes());
        script
    }
}

fn shebang(layout: &Layout, prefix: &str) -> Vec<u8> {
    let python = format!("{}/{}", prefix.trim_end_matches('/'), layout.interpreter());
    if python.len() + 2 > SHEBANG_LIMIT || python.bytes().any(ends_interpreter) {
        exec_line(python.as_bytes(), b"")
    } else {
        format!("#!{python}").into_bytes()
    }
}

fn is_dotted_name(text: &str) -> bool {
    text.split('.').all(|part| {
        let mut characters = part.chars();
        characters
            .next()
            .is_some_and(|first| first == '_' || first.is_alphabetic())
            && characters.all(|character| character == '_' || character.is_alphanumeric())
    })
}
