//! The file of an import.

use super::{Hop, Import};
use crate::{Template, template::quoted};
use std::fmt::Write;

impl Import {
    /// The text of `gatepost.toml`. The passwords are to stand in their files beside it.
    pub fn render(&self, template: &Template<'_>) -> String {
        let mut text = template.render();
        if let Some(lifetime) = self.found.lifetime {
            // The template shows the key with its default; a test holds that it does.
            text = text.replace("# lifetime = \"48h\"\n", &format!("lifetime = \"{}h\"\n", lifetime.as_secs() / 3600));
        }
        if let Some(hop) = &self.found.smarthost {
            text.push_str("\n[queue.smarthost]\n");
            next_hop(&mut text, hop);
        }
        for (domain, hop) in &self.found.routes {
            let _ = writeln!(text, "\n[[queue.routes]]\ndomain = {}", quoted(domain));
            next_hop(&mut text, hop);
        }
        for (zone, weight) in &self.found.lists {
            let (sign, whole, part) = (if *weight < 0 { "-" } else { "" }, weight.abs() / 100, weight.abs() % 100);
            let zone = quoted(zone);
            let _ = write!(
                text,
                "\n[[filter.lists]]\nzone = {zone}\nkind = \"client\"\nweight = \"{sign}{whole}.{part:02}\"\n"
            );
        }
        text
    }
}

fn next_hop(text: &mut String, hop: &Hop) {
    let _ = writeln!(text, "host = {}\nport = {}", quoted(&hop.host), hop.port);
    if let Some((user, file)) = &hop.sign_in {
        let _ = writeln!(text, "username = {}\npassword_file = {}", quoted(user), quoted(file));
    }
}
