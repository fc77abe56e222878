//! A real browser: Chromium without a window, driven by ChromeDriver, with axe-core for accessibility.

use crate::{TestServer, server::PASSWORD};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    mem::ManuallyDrop,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tempfile::TempDir;
use thirtyfour::{LoggingPrefsLogLevel, error::WebDriverResult, extensions::query::ElementQueryable, prelude::*};

/// The rules of accessibility that pages are held to; see `vendor/README.md`.
const AXE: &str = include_str!("vendor/axe.min.js");
/// Longest wait for something on a page.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(25);

/// A browser with a profile of its own; ends with the test.
pub struct Browser {
    /// WebDriver's view of it. Never dropped: it would wait for an answer of the ChromeDriver that ends with this.
    pub driver: ManuallyDrop<WebDriver>,
    chromedriver: Child,
    _profile: TempDir,
}

/// Size and colours of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// CSS pixels.
    pub width: u32,
    /// CSS pixels.
    pub height: u32,
    /// Whether the system prefers dark colours.
    pub dark: bool,
}

impl Screen {
    /// A desk.
    pub const DESKTOP: Self = Self { width: 1440, height: 900, dark: false };
    /// A phone.
    pub const PHONE: Self = Self { width: 390, height: 844, dark: false };

    /// The same in the dark.
    pub fn dark(self) -> Self {
        Self { dark: true, ..self }
    }
}

impl Browser {
    /// Starts one.
    pub async fn start() -> Self {
        crate::pages::provide_tls();
        let mut chromedriver = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is installed by ./check");
        let mut lines = BufReader::new(chromedriver.stdout.take().expect("has an output")).lines();
        let port = loop {
            let line = lines.next().expect("chromedriver says its port").expect("prints text");
            if let Some((_, port)) = line.split_once("started successfully on port ") {
                break port.trim_end_matches('.').to_owned();
            }
        };
        // Read on, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let profile = tempfile::tempdir().expect("makes a folder");
        let mut capabilities = DesiredCapabilities::chrome();
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--force-color-profile=srgb",
            "--hide-scrollbars",
            "--lang=en",
        ] {
            capabilities.add_arg(argument).expect("is an argument");
        }
        capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display())).expect("is an argument");
        capabilities.set_browser_log_level(LoggingPrefsLogLevel::All).expect("is a level");
        let driver = WebDriver::new(format!("http://127.0.0.1:{port}"), capabilities).await.expect("Chromium starts");
        let browser = Self { driver: ManuallyDrop::new(driver), chromedriver, _profile: profile };
        browser.screen(Screen::DESKTOP).await;
        browser
    }

    /// Sets size and colours.
    pub async fn screen(&self, screen: Screen) {
        let phone = screen.width < 600;
        let metrics =
            json!({ "width": screen.width, "height": screen.height, "deviceScaleFactor": 1, "mobile": phone });
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if screen.dark { "dark" } else { "light" };
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ]});
        self.cdp("Emulation.setEmulatedMedia", features).await;
    }

    /// Bounds uploads to so many bytes a second; -1 for no bound.
    pub async fn slow_uploads(&self, bytes: i64) {
        self.cdp("Network.enable", json!({})).await;
        let conditions = json!({ "offline": false, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes });
        self.cdp("Network.emulateNetworkConditions", conditions).await;
    }

    async fn cdp(&self, method: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(method, parameters).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Opens an address.
    pub async fn goto(&self, url: &str) {
        self.driver.goto(url).await.unwrap_or_else(|error| panic!("{url}: {error}"));
    }

    /// Signs in as a user of example.test, and ends on the page that this leads to.
    pub async fn sign_in(&self, server: &TestServer, user: &str) {
        self.goto(&server.url("/sign-in")).await;
        self.fill("input[name=name]", &format!("{user}@example.test")).await;
        self.fill("input[name=password]", PASSWORD).await;
        self.click("main button.primary, form button.primary").await;
        self.wait_for(".topbar").await;
    }

    /// Waits for an element that is shown.
    pub async fn wait_for(&self, css: &str) -> WebElement {
        let found = self.driver.query(By::Css(css)).wait(PATIENCE, LOOK).and_displayed().first().await;
        match found {
            Ok(element) => element,
            Err(error) => self.fail(&format!("{css} did not appear: {error}")).await,
        }
    }

    /// Waits until no element matches.
    pub async fn wait_gone(&self, css: &str) {
        let found = self.driver.query(By::Css(css)).wait(PATIENCE, LOOK).not_exists().await;
        if !matches!(found, Ok(true)) {
            self.fail(&format!("{css} did not go away")).await;
        }
    }

    /// Waits until the text of the page contains something.
    pub async fn wait_text(&self, text: &str) {
        let script = format!(
            "const end = arguments[arguments.length - 1], wanted = {}, from = Date.now();
             const look = () => document.body.innerText.includes(wanted) ? end(true)
               : Date.now() - from > {} ? end(false) : setTimeout(look, 20);
             look();",
            json!(text),
            PATIENCE.as_millis()
        );
        if !self.wait_script(&script).await {
            self.fail(&format!("{text:?} did not appear")).await;
        }
    }

    /// Waits until an expression of the page's script is true.
    pub async fn wait_until(&self, expression: &str) {
        let script = format!(
            "const end = arguments[arguments.length - 1], from = Date.now();
             const look = () => {{ let done = false; try {{ done = {expression} }} catch (e) {{}}
               done ? end(true) : Date.now() - from > {} ? end(false) : setTimeout(look, 20) }};
             look();",
            PATIENCE.as_millis()
        );
        if !self.wait_script(&script).await {
            self.fail(&format!("{expression} did not come true")).await;
        }
    }

    /// A navigation in the middle ends the script with an error; the new page is looked at again.
    async fn wait_script(&self, script: &str) -> bool {
        for _ in 0..10 {
            if let Ok(done) = self.asynchronous(script).await {
                return done.as_bool().unwrap_or(false);
            }
        }
        false
    }

    async fn asynchronous(&self, script: &str) -> WebDriverResult<Value> {
        self.driver.set_script_timeout(PATIENCE * 2).await?;
        self.driver.execute_async(script, Vec::new()).await?.convert()
    }

    /// What an expression of the page's script gives.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let result = self.driver.execute(format!("return {expression}"), Vec::new()).await;
        match result.and_then(|result| result.convert()) {
            Ok(value) => value,
            Err(error) => self.fail(&format!("{expression}: {error}")).await,
        }
    }

    /// Clicks what is shown.
    pub async fn click(&self, css: &str) {
        let element = self.wait_for(css).await;
        if let Err(error) = element.click().await {
            self.fail(&format!("{css} cannot be clicked: {error}")).await;
        }
    }

    /// Puts text into a field in place of what is there.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.wait_for(css).await;
        let typed = async {
            field.clear().await?;
            field.send_keys(text).await
        };
        if let Err(error) = typed.await {
            self.fail(&format!("{css} cannot be filled: {error}")).await;
        }
    }

    /// Types into whatever has the focus.
    pub async fn keys(&self, keys: &str) {
        let active = self.driver.active_element().await.expect("something has the focus");
        active.send_keys(keys).await.unwrap_or_else(|error| panic!("{keys:?} cannot be typed: {error}"));
    }

    /// Fails unless axe-core finds nothing wrong with the page as it is.
    pub async fn accessible(&self, name: &str) {
        let script = format!(
            "{AXE};
             const end = arguments[arguments.length - 1];
             axe.run(document, {{ resultTypes: ['violations'], iframes: false }}).then(
               r => end(r.violations.map(v => v.id + ': ' + v.help + '\\n  '
                 + v.nodes.map(n => n.target.join(' ') + ': ' + n.failureSummary.replace(/\\n/g, ' ')).join('\\n  '))),
               e => end(['axe: ' + e]));"
        );
        let found = self.asynchronous(&script).await.unwrap_or_else(|error| panic!("axe on {name}: {error}"));
        let found: Vec<_> = found.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        assert!(found.is_empty(), "{name} has faults of accessibility:\n{}", found.join("\n"));
    }

    /// Fails when the page is wider than the screen.
    pub async fn fits(&self, name: &str) {
        let widths = self.evaluate("[document.documentElement.scrollWidth, window.innerWidth]").await;
        assert!(widths[0].as_u64() <= widths[1].as_u64(), "{name} is wider than the screen: {widths}");
    }

    /// What the page has written to the console, and what the browser complained about; without its recommendations.
    pub async fn complaints(&self) -> Vec<String> {
        let entries = self.driver.browser_log().await.expect("Chromium gives its log");
        entries.into_iter().filter(|entry| entry.level != "DEBUG").map(|entry| format!("{entry:?}")).collect()
    }

    /// The screen as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        self.driver.screenshot_as_png().await.expect("takes a picture")
    }

    async fn fail(&self, what: &str) -> ! {
        let url = self.driver.current_url().await.map(|url| url.to_string()).unwrap_or_default();
        let text = self.driver.execute("return document.body?.innerText", Vec::new()).await;
        let text: String = text.and_then(|text| text.convert()).unwrap_or_default();
        let picture = std::env::temp_dir().join(format!("gatepost-failed-{}.png", std::process::id()));
        let _ = self.driver.screenshot(&picture).await;
        panic!("{what}\nat {url}, see {}\n{text}", picture.display())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its Chromium ends with it.
        let _ = self.chromedriver.kill();
        let _ = self.chromedriver.wait();
    }
}
