//! Platforms as the command line names them: a shipped one by its name, one's own by its file.
//!
//! `-p defender-xdr` → the shipped platform; `-p ours.yml` → the file, proven before it is used.

use std::path::Path;

use annotate_snippets::Renderer;

use crate::diagnostic::{Code, Diagnostics, nearest, render_text};
use crate::platform::{self, Platform};
use crate::source::SourceMap;

use super::files;

/// The platform that a name or a path ending in `.yml` means.
///
/// # Errors
/// What is wrong, ready to be printed.
pub(super) fn find(name: &str) -> Result<Platform, String> {
    if name.ends_with(".yml") || name.ends_with(".yaml") {
        return from_file(name);
    }
    platform::load(name).ok_or_else(|| {
        let known = platform::names();
        let help = match nearest(name, known.iter().copied()) {
            Some(near) => format!("the nearest name is `{near}`"),
            None => format!("there are: {}", known.join(", ")),
        };
        format!("error[{}]: there is no platform `{name}`; {help}", Code::UnknownPlatform.id())
    })
}

fn from_file(path: &str) -> Result<Platform, String> {
    let bytes = files::read(Path::new(path))?;
    let text = String::from_utf8(bytes).map_err(|_| {
        format!("error[{}]: {path}: the file is not UTF-8 text", Code::NotUtf8.id())
    })?;
    let mut sources = SourceMap::default();
    let source = sources.add(path, text);
    let mut found = Diagnostics::default();
    let platform = Platform::parse(source, sources.text(source).to_owned(), &mut found);
    platform.ok_or_else(|| {
        let renderer = Renderer::plain();
        let found = found.into_sorted();
        let texts = found.iter().map(|found| render_text(found, &sources, &renderer));
        texts.collect::<Vec<_>>().join("\n").trim_end().to_owned()
    })
}
