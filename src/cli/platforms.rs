//! Platforms as the command line names them: a shipped one by its name, one's own by its file, each
//! with the overlays of an environment.
//!
//! `-p defender-xdr` → the shipped platform; `-p ours.yml --overlay soc.yml` → the file and the overlay
//! on it, proven before they are used.

use std::path::{Component, Path, PathBuf};

use annotate_snippets::Renderer;

use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest, render_text};
use crate::platform::{self, Layer, Platform};
use crate::source::{SourceMap, Span};

use super::files;

/// The platform that a name or a path ending in `.yml` means, under overlays (paths of files).
///
/// Its files are added to the sources, so that messages can point into them.
///
/// # Errors
/// What is wrong, ready to be printed.
pub(super) fn find(
    name: &str,
    overlays: &[PathBuf],
    sources: &mut SourceMap,
) -> Result<Platform, String> {
    let is_file = name.ends_with(".yml") || name.ends_with(".yaml");
    let base = match platform::text(name) {
        Some(text) => shipped(name, text, sources),
        None if is_file => read(Path::new(name), sources)?,
        None => return Err(unknown(name)),
    };
    if !is_file && overlays.is_empty() {
        return Ok(platform::open(base));
    }
    let mut found = Diagnostics::default();
    let mut layers = Layers { sources, read: Vec::new(), found: &mut found };
    for path in overlays {
        layers.add(path, &mut Vec::new())?;
    }
    let overlays = layers.read.into_iter().map(|(_, layer)| layer).collect();
    let platform = match found.has_errors() {
        true => None,
        false => Platform::parse(base, overlays, &mut found),
    };
    platform.ok_or_else(|| {
        let renderer = Renderer::plain();
        let found = found.into_sorted();
        let texts = found.iter().map(|found| render_text(found, sources, &renderer));
        texts.collect::<Vec<_>>().join("\n").trim_end().to_owned()
    })
}

fn unknown(name: &str) -> String {
    let known = platform::names();
    let help = match nearest(name, known.iter().copied()) {
        Some(near) => format!("the nearest name is `{near}`"),
        None => format!("there are: {}", known.join(", ")),
    };
    format!("error[{}]: there is no platform `{name}`; {help}", Code::UnknownPlatform.id())
}

fn shipped(name: &str, text: &'static str, sources: &mut SourceMap) -> Layer {
    let path = format!("templates/platforms/{name}.yml");
    let source = sources.find(&path).unwrap_or_else(|| sources.add(path, text));
    Layer { source, text: text.into() }
}

fn read(path: &Path, sources: &mut SourceMap) -> Result<Layer, String> {
    let name = path.display().to_string();
    let bytes = files::read(path)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        format!("error[{}]: {name}: the file is not UTF-8 text", Code::NotUtf8.id())
    })?;
    let source = match sources.find(&name).filter(|known| sources.text(*known) == text) {
        Some(known) => known,
        None => sources.add(name, text),
    };
    Ok(Layer { source, text: sources.text(source).to_owned().into() })
}

/// Overlays in the order in which they come on top of each other.
struct Layers<'a> {
    sources: &'a mut SourceMap,
    read: Vec<(PathBuf, Layer)>,
    found: &'a mut Diagnostics,
}

impl Layers<'_> {
    /// Adds an overlay after those that it takes over; `way` leads to it.
    fn add(&mut self, path: &Path, way: &mut Vec<(PathBuf, Span)>) -> Result<(), String> {
        if self.read.iter().any(|(known, _)| known == path) {
            return Ok(());
        }
        let layer = read(path, self.sources)?;
        for named in Platform::overlays(&layer, self.found) {
            let relative = Path::new(&named.node);
            let inside =
                |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
            if !relative.components().all(inside) {
                let message = format!("`{}` leads out of the overlay's folder", named.node);
                self.found.push(Diagnostic::new(Code::PlatformSyntax, named.span, message));
                continue;
            }
            let other: PathBuf = path.with_file_name("").join(relative).components().collect();
            way.push((path.to_owned(), named.span));
            match way.iter().find(|(known, _)| *known == other) {
                Some((_, first)) => self.found.push(circle(&other, named.span, *first)),
                None => self.add(&other, way)?,
            }
            way.pop();
        }
        self.read.push((path.to_owned(), layer));
        Ok(())
    }
}

fn circle(path: &Path, span: Span, first: Span) -> Diagnostic {
    let message = format!("overlays take each other over: this leads back to `{}`", path.display());
    let diagnostic = Diagnostic::new(Code::OverlayCircle, span, message);
    if span == first { diagnostic } else { diagnostic.label(first, "it begins here") }
}
