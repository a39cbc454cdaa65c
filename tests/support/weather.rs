//! `master weather` against a server of the test's own, and forecasts for that server.

use std::{fmt::Write as _, process::Command};

use crate::{Asked, Reply, Running, Web, binary};

/// `master weather` with these arguments, its forecasts at this address. Pauses between tries are short.
pub fn weather(base_url: &str, arguments: &str) -> Running {
    Running::start(weather_command(base_url, arguments))
}

/// The same, to be started in another way.
pub fn weather_command(base_url: &str, arguments: &str) -> Command {
    let mut command = Command::new(binary("master"));
    command
        .args(["weather", "--base-url", base_url, "--backoff", "10ms"])
        .args(arguments.split_whitespace())
        // A proxy that the machine may have knows nothing of this server.
        .env("NO_PROXY", "*");
    command
}

/// A forecast in the form of the National Weather Service, valid for a hundred years.
pub fn forecast(zone: &str, advisories: &[&str]) -> String {
    let mut headlines = String::new();
    for text in advisories {
        let _ = write!(
            headlines,
            "
...{text}...
"
        );
    }
    format!(
        "Expires:212611252115;;000001\n\
         FZUS51 TEST 251200\n\
         CWFTST\n\n\
         Coastal Waters Forecast\n\
         Written for the tests of a program\n\
         700 AM EST Wed Nov 25 2026\n\n\
         {zone}-252115-\n\
         Waters of zone {zone}-\n\
         700 AM EST Wed Nov 25 2026\n\
         {headlines}\n\
         .TODAY...West winds 10 to 15 knots, easing in the afternoon...\n\
         .TONIGHT...Light winds. Waves of a foot or less.\n\n\
         $$\n"
    )
}

/// The zone that a request is about: `ANZ540` for `/an/anz540.txt`.
pub fn zone_of(asked: &Asked) -> String {
    let file = asked.path.rsplit('/').next().unwrap_or_default();
    file.trim_end_matches(".txt").to_uppercase()
}

/// A server that has a forecast with one advisory, which names the zone, for each of them.
pub fn fair_server() -> Web {
    Web::start(|asked| Reply::text(fair_forecast(asked)))
}

/// A forecast with one advisory, which names the zone.
pub fn fair_forecast(asked: &Asked) -> String {
    let zone = zone_of(asked);
    forecast(&zone, &[&format!("SMALL CRAFT ADVISORY FOR\n{zone}")])
}
