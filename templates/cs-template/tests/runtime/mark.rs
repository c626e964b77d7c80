//! The mark that `cs build` looks for in a template.

use std::fs;

#[test]
fn the_template_has_one_mark_that_names_its_release() {
    let template = fs::read(env!("CARGO_BIN_EXE_cs-template")).unwrap();
    let mark = cs_stamp::template_mark("cs-template", env!("CARGO_PKG_VERSION"));
    let found = template
        .windows(mark.len())
        .filter(|window| *window == mark)
        .count();
    assert_eq!(found, 1);
}
