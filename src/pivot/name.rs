//! Distinguished names as texts → attributes: RFC 2253 as Zeek writes them, forward order as Suricata
//! and crt.sh do.
//!
//! `CN=a\, b,O=Contoso` and `O=Contoso, CN=a` → (`CN`, `a, b`), (`O`, `Contoso`).

/// The attributes of a name, as they stand.
pub(super) fn attributes(text: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for part in parts(text) {
        let trimmed = part.trim_start();
        match trimmed.split_once('=').filter(|(name, _)| is_attribute(name)) {
            Some((name, value)) => found.push((name.trim().to_owned(), unescaped(value))),
            // A comma that nobody escaped belongs to the value before it.
            None => {
                if let Some((_, value)) = found.last_mut() {
                    value.push(',');
                    value.push_str(&unescaped(&part));
                }
            }
        }
    }
    found
}

fn is_attribute(name: &str) -> bool {
    let name = name.trim();
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
}

/// The text between commas and plus signs that are neither escaped nor quoted.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut part, mut escaped, mut quoted) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' | '+' if !quoted => {
                parts.push(std::mem::take(&mut part));
                continue;
            }
            _ => {}
        }
        part.push(c);
    }
    parts.push(part);
    parts
}

fn unescaped(value: &str) -> String {
    let mut text = String::new();
    let mut escaped = false;
    for c in value.chars() {
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '"' if !escaped => {}
            c => text.push(c),
        }
        escaped = false;
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_and_escapes_are_read() {
        let read = |text: &str| {
            let of = attributes(text);
            of.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("|")
        };
        assert_eq!(read(r"CN=a\, b,O=Contoso"), "CN=a, b|O=Contoso");
        assert_eq!(read("C=US, O=Google Inc, CN=x"), "C=US|O=Google Inc|CN=x");
        assert_eq!(read("O=Fabrikam, Inc., CN=x"), "O=Fabrikam, Inc.|CN=x");
        assert_eq!(read("L=TURNBKL+CN=SERVR"), "L=TURNBKL|CN=SERVR");
        assert_eq!(read(r#"O="Let's, Encrypt", CN=R3"#), "O=Let's, Encrypt|CN=R3");
        assert_eq!(read(""), "");
    }
}
