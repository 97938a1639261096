//! `logsource` → the log source of the taxonomy, or what is wrong with it.

use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest};
use crate::syntax::ast;
use crate::taxonomy::{LogSource, Parts, Taxonomy};

/// What a rule's `logsource` names, as parts of a key.
#[must_use]
pub fn parts(source: &ast::LogSource) -> Parts<'_> {
    Parts {
        product: source.product.as_ref().map(|part| part.node.as_str()),
        category: source.category.as_ref().map(|part| part.node.as_str()),
        service: source.service.as_ref().map(|part| part.node.as_str()),
    }
}

/// The log source that a rule names; reported if there is none.
pub(super) fn resolve<'a>(
    source: &ast::LogSource,
    taxonomy: &'a Taxonomy,
    diagnostics: &mut Diagnostics,
) -> Option<&'a LogSource> {
    let key = parts(source).key();
    let found = taxonomy.get(&key);
    if found.is_none() {
        diagnostics.push(unknown(source, &key, taxonomy));
    }
    found
}

/// Points at the part that is wrong: the product, or the category or service of a known product.
fn unknown(source: &ast::LogSource, key: &str, taxonomy: &Taxonomy) -> Diagnostic {
    if key.is_empty() {
        return Diagnostic::new(Code::UnknownLogSource, source.span, "the log source is empty")
            .help("name a `product` and a `category` or `service`");
    }
    let keys: Vec<Parts<'_>> = taxonomy.keys().map(Parts::of).collect();
    if let Some(product) = &source.product {
        let mut products: Vec<&str> = keys.iter().filter_map(|key| key.product).collect();
        products.dedup();
        if !products.contains(&product.node.as_str()) {
            let message = format!("there is no product `{}`", product.node);
            let found = Diagnostic::new(Code::UnknownLogSource, product.span, message);
            return found.nearest(&product.node, products);
        }
    }
    let product = source.product.as_ref().map(|product| product.node.as_str());
    let same = keys.iter().filter(|key| key.product == product);
    let (span, name, known): (_, _, Vec<&str>) = match (&source.category, &source.service) {
        (Some(category), None) => {
            (category.span, category, same.filter_map(|key| key.category).collect())
        }
        (None, Some(service)) => {
            (service.span, service, same.filter_map(|key| key.service).collect())
        }
        (Some(_), Some(_)) => return both(source, key, taxonomy),
        (None, None) => return incomplete(source, key, &keys),
    };
    let found =
        Diagnostic::new(Code::UnknownLogSource, span, format!("there is no log source `{key}`"));
    match (nearest(&name.node, known), source.product.is_some()) {
        (Some(near), _) => found.help(format!("the nearest name is `{near}`")),
        (None, false) => found.help("name the `product`, too"),
        (None, true) => found.help("`sigweave list logsources` shows what there is"),
    }
}

/// Category and service that do not go together.
fn both(source: &ast::LogSource, key: &str, taxonomy: &Taxonomy) -> Diagnostic {
    let parts = parts(source);
    let message = format!("there is no log source `{key}`");
    let found = Diagnostic::new(Code::UnknownLogSource, source.span, message);
    let without_service = Parts { service: None, ..parts }.key();
    let without_category = Parts { category: None, ..parts }.key();
    for (near, spare) in [(without_service, "service"), (without_category, "category")] {
        if taxonomy.get(&near).is_some() {
            return found.help(format!("leave out the {spare}: `{near}` is one"));
        }
    }
    found.help("name a `product` and either a `category` or a `service`")
}

/// A product alone, where that is no log source.
fn incomplete(source: &ast::LogSource, key: &str, keys: &[Parts<'_>]) -> Diagnostic {
    let one = keys.iter().find(|parts| parts.product == Some(key)).map(Parts::key);
    let message = format!("`{key}` alone is no log source");
    let found = Diagnostic::new(Code::UnknownLogSource, source.span, message);
    match one {
        Some(one) => found.help(format!("add a `category` or a `service`, as in `{one}`")),
        None => found.help("`sigweave list logsources` shows what there is"),
    }
}
