//! `--ports-from`: all standard ports shifted, on 127.0.0.1.

use config::template::PORTS_FROM_MAX;

/// Reads it: every port must stay a port.
pub(crate) fn parse(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(from) if from <= PORTS_FROM_MAX => Ok(from),
        _ => Err(format!(
            "write a number from 0 to {PORTS_FROM_MAX}, to which the standard ports are added: 10000 gives 10025, 10143, 10443 ..."
        )),
    }
}
