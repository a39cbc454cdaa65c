//! A real browser: Debian's Chromium, driven by its chromedriver, each with a profile of its own.

use std::{
    future::Future,
    io::{BufRead, BufReader},
    panic::AssertUnwindSafe,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use tempfile::TempDir;
use thirtyfour::{
    By, ChromiumLikeCapabilities, DesiredCapabilities, LoggingPrefsLogLevel, WebDriver, WebElement,
};

/// How long anything may take in a browser.
const PATIENCE: Duration = Duration::from_secs(40);

/// Options that keep the browser to itself: no window, no network beyond what the page asks for.
const OPTIONS: [&str; 11] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-color-profile=srgb",
];

/// How a browser is to be.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Width and height of the window.
    pub size: (u32, u32),
    /// Whether pages may run scripts.
    pub has_scripts: bool,
    /// Whether the user likes it dark.
    pub is_dark: bool,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            size: (1280, 900),
            has_scripts: true,
            is_dark: false,
        }
    }
}

/// A driver's process, ended with this.
struct Driver {
    child: Child,
    port: u16,
    _profile: TempDir,
}

impl Driver {
    fn start(profile: TempDir) -> Self {
        let mut child = Command::new("chromedriver")
            .args(["--port=0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver: scripts/setup installs it (chromium-driver)");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let port = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let rest = line.split("successfully on port ").nth(1)?;
            rest.trim_end_matches('.').parse().ok()
        });
        // What it says later is not to block it.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            child,
            port: port.expect("a port"),
            _profile: profile,
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Does something in a browser, which is closed afterwards whatever happens. Whatever the console says of errors is one.
pub fn browse<F, R>(look: Look, body: impl FnOnce(Page) -> F) -> R
where
    F: Future<Output = R>,
{
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let profile = tempfile::tempdir().expect("a folder");
    let mut wanted = DesiredCapabilities::chrome();
    let (width, height) = look.size;
    let own = [
        format!("--user-data-dir={}", profile.path().display()),
        format!("--window-size={width},{height}"),
    ];
    for option in OPTIONS
        .iter()
        .copied()
        .chain(own.iter().map(String::as_str))
    {
        wanted.add_arg(option).expect("an option");
    }
    wanted
        .set_browser_log_level(LoggingPrefsLogLevel::All)
        .expect("a level");
    if !look.has_scripts {
        let no_scripts =
            serde_json::json!({"profile.managed_default_content_settings.javascript": 2});
        wanted
            .add_experimental_option("prefs", no_scripts)
            .expect("an option");
    }
    let driver = Driver::start(profile);
    let address = format!("http://127.0.0.1:{}", driver.port);
    runtime.block_on(async {
        // The client wants one even where nothing is encrypted; a second time it is there already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let web = WebDriver::new(address, wanted).await.expect("a browser");
        let page = Page { web: web.clone() };
        page.dress(look).await;
        // Whatever happens, the browser is to end.
        let result = AssertUnwindSafe(body(page)).catch_unwind().await;
        web.quit().await.expect("an end");
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// What the browser shows.
#[derive(Debug, Clone)]
pub struct Page {
    web: WebDriver,
}

impl Page {
    async fn dress(&self, look: Look) {
        let tools = self.web.cdp();
        let scheme = if look.is_dark { "dark" } else { "light" };
        let media =
            serde_json::json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        tools
            .send_raw("Emulation.setEmulatedMedia", media)
            .await
            .expect("a scheme");
        // A window cannot be as narrow as a phone.
        let (width, height) = look.size;
        let metrics = serde_json::json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        tools
            .send_raw("Emulation.setDeviceMetricsOverride", metrics)
            .await
            .expect("a size");
    }

    /// Goes to an address.
    pub async fn go(&self, url: &str) {
        self.web.goto(url).await.expect("a page");
    }

    /// The element that a CSS selector finds, once it is there.
    pub async fn find(&self, css: &str) -> WebElement {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.web.find(By::Css(css)).await {
                Ok(element) => return element,
                Err(error) if Instant::now() > deadline => panic!("{css}: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// How many elements a CSS selector finds.
    pub async fn count(&self, css: &str) -> usize {
        self.web.find_all(By::Css(css)).await.expect("a page").len()
    }

    /// The text of an element.
    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.expect("text")
    }

    /// Waits until an element's text is as wanted, and returns it.
    pub async fn wait(&self, css: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = match self.web.find(By::Css(css)).await {
                // It may be replaced just now.
                Ok(element) => element.text().await.unwrap_or_default(),
                Err(_) => String::new(),
            };
            if wanted(&text) {
                return text;
            }
            assert!(Instant::now() < deadline, "{css}: {text}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Types into a field, instead of what is in it.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.expect("a field");
        field.send_keys(text).await.expect("a field");
    }

    /// Chooses a file for a form.
    pub async fn choose(&self, css: &str, path: &str) {
        self.find(css).await.send_keys(path).await.expect("a field");
    }

    /// Clicks.
    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.expect("a click");
    }

    /// What a script says about the page.
    pub async fn script(&self, script: &str) -> serde_json::Value {
        let answer = self
            .web
            .execute(script, Vec::new())
            .await
            .expect("a script");
        answer.json().clone()
    }

    /// What is wrong by the console.
    pub async fn errors(&self) -> Vec<String> {
        let entries = self.web.browser_log().await.expect("a log");
        let bad = entries
            .into_iter()
            .filter(|entry| entry.level != "INFO" && entry.level != "DEBUG");
        bad.map(|entry| entry.message).collect()
    }

    /// A picture of all of it, into the folder that `BRIGADE_SCREENSHOTS` names; none without.
    pub async fn picture(&self, name: &str) {
        let Ok(folder) = std::env::var("BRIGADE_SCREENSHOTS") else {
            return;
        };
        let path = std::path::Path::new(&folder).join(format!("{name}.png"));
        self.web.screenshot(&path).await.expect("a picture");
    }
}
