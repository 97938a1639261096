//! A file → the certificates in it, whatever its form: PEM, DER, PKCS#7, `reg export`, a raw `Blob`, JSON
//! rows, CSV.
//!
//! The form is told by the first bytes. What cannot be read is reported at its place (E0903, E0904, E0901); the rest
//! is kept.

use serde_json::Value;

use super::base64::hex;
use super::indicator::Indicator;
use super::{blob, certificate, pem, rows};
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::project::csv;
use crate::source::{SourceId, SourceMap, Span};

/// Largest file, in bytes.
const MAX_BYTES: usize = 64 << 20;

/// The certificates of a file.
pub fn read(
    name: &str,
    bytes: &[u8],
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Vec<Indicator> {
    let text = as_text(bytes);
    let source = sources.add(name, text.as_deref().unwrap_or_default());
    let mut reader = Reader { name, source, found: Vec::new(), diagnostics };
    if bytes.len() > MAX_BYTES {
        reader.report(Code::IndicatorInput, 0, "the file is larger than 64 MiB", "split it");
    } else if let Some(text) = text {
        reader.text(sources.text(source), &text);
    } else {
        reader.binary(bytes);
    }
    reader.found
}

/// The text, if it is one: UTF-8, or UTF-16 as `reg export` writes it.
fn as_text(bytes: &[u8]) -> Option<String> {
    let units = |bytes: &[u8]| {
        let pairs = bytes.chunks_exact(2).map(|pair| match pair {
            [low, high] => u16::from_le_bytes([*low, *high]),
            _ => 0,
        });
        String::from_utf16_lossy(&pairs.collect::<Vec<_>>())
    };
    if let Some(rest) = bytes.strip_prefix(&[0xff, 0xfe]) {
        return Some(units(rest));
    }
    let text = std::str::from_utf8(bytes).ok()?;
    (!text.contains('\0')).then(|| text.to_owned())
}

struct Reader<'a> {
    name: &'a str,
    source: SourceId,
    found: Vec<Indicator>,
    diagnostics: &'a mut Diagnostics,
}

impl Reader<'_> {
    fn report(&mut self, code: Code, at: usize, message: impl Into<String>, help: &str) {
        let span = Span::new(self.source, at, at);
        self.diagnostics.push(Diagnostic::new(code, span, message).help(help));
    }

    fn origin(&self) -> String {
        format!("{}#{}", self.name, self.found.len() + 1)
    }

    /// A certificate, or why it is none.
    fn certificate(&mut self, der: &[u8], at: usize) {
        match certificate::read(der, &self.origin()) {
            Ok(indicator) => self.found.push(indicator),
            Err(error) => self.report(
                Code::BadCertificate,
                at,
                format!("the certificate cannot be read: {error}"),
                "the other certificates of the file are kept",
            ),
        }
    }

    fn binary(&mut self, bytes: &[u8]) {
        if bytes.first() == Some(&0x30) {
            match pem::pkcs7(bytes) {
                Some(certificates) => {
                    certificates.into_iter().for_each(|der| self.certificate(der, 0));
                }
                None => self.certificate(bytes, 0),
            }
            return;
        }
        match blob::certificate(bytes) {
            Ok(der) => self.certificate(der, 0),
            Err(_) => self.unknown(),
        }
    }

    fn unknown(&mut self) {
        self.report(
            Code::IndicatorInput,
            0,
            "the file holds no certificate that is known",
            "PEM, DER, PKCS#7, `reg export`, a registry `Blob`, JSON of crt.sh, certstream, Zeek or Suricata, or CSV",
        );
    }

    fn text(&mut self, text: &str, whole: &str) {
        // The source map keeps no byte order mark.
        let text = if text.is_empty() { whole } else { text };
        let start = text.trim_start();
        if text.contains("-----BEGIN ") {
            self.pem(text);
        } else if text.contains("\"Blob\"=hex:") {
            for (at, value) in blob::exported(text) {
                self.blob(value, at);
            }
        } else if start.starts_with(['{', '[']) {
            self.json(text);
        } else if let Some(bytes) = hex(text) {
            self.binary(&bytes);
        } else {
            self.csv(text);
        }
    }

    fn pem(&mut self, text: &str) {
        for block in pem::blocks(text) {
            let known =
                matches!(block.label, "CERTIFICATE" | "TRUSTED CERTIFICATE" | "X509 CERTIFICATE");
            match (block.bytes, block.label) {
                (Some(der), _) if known => self.certificate(&der, block.start),
                (Some(der), "PKCS7" | "CMS") => self.binary(&der),
                (None, label) => self.report(
                    Code::BadCertificate,
                    block.start,
                    format!("the block `{label}` is cut off or no base64"),
                    "the other blocks of the file are kept",
                ),
                (Some(_), label) => self.report(
                    Code::IndicatorInput,
                    block.start,
                    format!("the block `{label}` is no certificate"),
                    "a private key does not belong into evidence: remove it",
                ),
            }
        }
    }

    fn blob(&mut self, value: &str, at: usize) {
        let Some(bytes) = hex(value) else {
            return self.report(
                Code::BadCertificate,
                at,
                "the value `Blob` is not hexadecimal",
                "export the key again with `reg export`",
            );
        };
        match blob::certificate(&bytes) {
            Ok(der) => self.certificate(der, at),
            Err(problem) => {
                self.report(
                    Code::BadCertificate,
                    at,
                    problem,
                    "export the key again with `reg export`",
                );
            }
        }
    }

    /// An array, one object, or an object per line.
    fn json(&mut self, text: &str) {
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            if let Value::Array(rows) = value {
                rows.iter().for_each(|row| self.row(row, 0));
            } else {
                self.row(&value, 0);
            }
            return;
        }
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if !line.trim().is_empty() {
                match serde_json::from_str::<Value>(line) {
                    Ok(row) => self.row(&row, at),
                    Err(error) => self.report(
                        Code::IndicatorInput,
                        at,
                        format!("the line is no JSON: {error}"),
                        "the other lines are kept",
                    ),
                }
            }
            at += line.len();
        }
    }

    fn row(&mut self, row: &Value, at: usize) {
        match rows::json(row, &self.origin()) {
            Some(indicator) => self.found.push(indicator),
            None => self.report(
                Code::IndicatorInput,
                at,
                "the row is of no kind that is known",
                "rows of crt.sh, certstream, Zeek's x509.log or Suricata's tls events",
            ),
        }
    }

    fn csv(&mut self, text: &str) {
        let first = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let columns =
            first.unwrap_or_default().split(',').map(|name| name.trim().trim_matches('"'));
        if !columns.clone().any(|name| rows::COLUMNS.contains(&name)) {
            return self.unknown();
        }
        let table = csv::read(self.source, text, self.diagnostics);
        for column in &table.header {
            if !rows::COLUMNS.contains(&column.node.as_str()) {
                let message = format!("a file of indicators has no column `{}`", column.node);
                let found = Diagnostic::new(Code::IndicatorInput, column.span, message);
                let names = rows::COLUMNS.iter().copied();
                self.diagnostics.push(found.nearest(&column.node, names));
            }
        }
        for row in &table.rows {
            let cells: Vec<(&str, &str)> = table
                .header
                .iter()
                .zip(row)
                .map(|(column, cell)| (column.node.as_str(), cell.node.as_str()))
                .collect();
            match rows::csv(&cells, &self.origin()) {
                Ok(indicator) => self.found.push(indicator),
                Err((index, message)) => {
                    let span = row.get(index).map_or_else(Span::default, |cell| cell.span);
                    let found = Diagnostic::new(Code::IndicatorInput, span, message);
                    self.diagnostics.push(found.help("the other rows are kept"));
                }
            }
        }
    }
}
