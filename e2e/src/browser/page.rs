//! One tab, used as a person would.

mod keyboard;

use std::path::PathBuf;
use std::time::Duration;

use chromiumoxide::cdp::browser_protocol::accessibility::QueryAxTreeParams;
use chromiumoxide::cdp::browser_protocol::dom::{
    self, BackendNodeId, GetContentQuadsParams, ScrollIntoViewIfNeededParams,
};
use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetCpuThrottlingRateParams, SetDeviceMetricsOverrideParams,
    SetEmulatedMediaParams, SetTouchEmulationEnabledParams, SetUserAgentOverrideParams,
};
use chromiumoxide::cdp::browser_protocol::input::{
    DispatchKeyEventParams, DispatchKeyEventType, InsertTextParams,
};
use chromiumoxide::cdp::browser_protocol::page::CaptureScreenshotFormat;
use chromiumoxide::cdp::js_protocol::runtime::EvaluateParams;
use chromiumoxide::keys;
use chromiumoxide::layout::Point;
use chromiumoxide::page::ScreenshotParams;
use serde_json::Value;

use super::{Complaints, Look, Size};

/// Longest wait for something to appear or go.
const LIMIT: Duration = Duration::from_secs(15);
/// How often the page is looked at while waiting.
const POLL: Duration = Duration::from_millis(50);

/// Waits until the page has heard of other colours, and no colour is on its way to another one: axe would judge what
/// nobody sees for longer than a moment.
const AT_REST: &str = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))\
     .then(() => Promise.allSettled(document.getAnimations()\
     .filter(one => one instanceof CSSTransition).map(one => one.finished))).then(() => null)";

/// The protocol's bit for the Shift key.
const SHIFT: i64 = 8;
/// The protocol's bit for Control.
const CONTROL: i64 = 2;

/// A tab.
#[derive(Debug)]
pub struct Page {
    tab: chromiumoxide::Page,
    look: Look,
    complaints: Complaints,
}

/// An element, found by role and name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element(BackendNodeId);

impl Page {
    pub(super) async fn attach(tab: chromiumoxide::Page, look: Look) -> Self {
        let complaints = Complaints::listen(&tab).await;
        let mut page = Self {
            tab,
            look,
            complaints,
        };
        page.look_at(look).await;
        page
    }

    /// Changes size, colours and language; the language counts from the next load on.
    pub async fn look_at(&mut self, look: Look) {
        let (width, height) = look.size.pixels();
        let phone = look.size == Size::Phone;
        let metrics =
            SetDeviceMetricsOverrideParams::new(i64::from(width), i64::from(height), 1.0, phone);
        self.tab.execute(metrics).await.expect("Chromium resizes");
        let touch = SetTouchEmulationEnabledParams::new(phone);
        self.tab
            .execute(touch)
            .await
            .expect("Chromium emulates touch");
        let scheme = MediaFeature::new("prefers-color-scheme", look.scheme.as_str());
        // Nothing moves, so that screenshots and clicks meet the final layout.
        let still = MediaFeature::new("prefers-reduced-motion", "reduce");
        let media = SetEmulatedMediaParams::builder()
            .features([scheme, still])
            .build();
        self.tab
            .execute(media)
            .await
            .expect("Chromium emulates media");
        let agent = self.tab.user_agent().await.expect("Chromium has a name");
        let mut language = SetUserAgentOverrideParams::new(agent);
        language.accept_language = Some(look.language.to_owned());
        self.tab
            .execute(language)
            .await
            .expect("Chromium changes its language");
        self.look = look;
    }

    /// How it is looked at.
    pub fn look(&self) -> Look {
        self.look
    }

    /// Goes to an address and waits until it has loaded.
    pub async fn go(&self, url: &str) {
        self.tab
            .goto(url)
            .await
            .unwrap_or_else(|error| panic!("cannot open `{url}`: {error}"));
    }

    /// Makes the processor so many times slower for this tab.
    pub async fn slow_down(&self, times: f64) {
        let rate = SetCpuThrottlingRateParams::new(times);
        self.tab.execute(rate).await.expect("Chromium slows down");
    }

    /// Goes to an address, and tells after how long something there matches a selector, or after how long
    /// everything was loaded where that is later.
    pub async fn first_seen(&self, url: &str, selector: &str) -> Duration {
        self.go(url).await;
        let script = format!(
            "new Promise(done => {{ const look = () => document.querySelector({selector:?}) \
             ? done(performance.now()) : setTimeout(look, 5); look() }})"
        );
        let seen = tokio::time::timeout(LIMIT, self.evaluate(&script)).await;
        let milliseconds = seen.ok().and_then(|number| number.as_f64());
        let Some(milliseconds) = milliseconds else {
            panic!("nothing at {url} matches `{selector}` within {LIMIT:?}")
        };
        Duration::from_secs_f64(milliseconds / 1000.0)
    }

    /// What was loaded over the network for this page, with the bytes that it took.
    pub async fn loaded(&self) -> Vec<(String, f64)> {
        let loaded = self
            .evaluate(
                "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]\
                 .map(({name, transferSize}) => [name, transferSize])",
            )
            .await;
        serde_json::from_value(loaded).expect("pairs of a name and a number")
    }

    /// Loads the page again.
    pub async fn reload(&self) {
        self.tab.reload().await.expect("Chromium reloads");
    }

    /// The address.
    pub async fn url(&self) -> String {
        self.tab
            .url()
            .await
            .expect("Chromium knows")
            .unwrap_or_default()
    }

    /// Waits until the address ends like this.
    pub async fn url_ends_with(&self, end: &str) {
        self.wait(&format!("the address ends with `{end}`"), async || {
            self.url().await.ends_with(end)
        })
        .await;
    }

    /// Waits for exactly this role and name, and returns the first such element.
    pub async fn find(&self, role: &str, name: &str) -> Element {
        self.wait(&format!("there is a {role} `{name}`"), async || {
            !self.query(role, name).await.is_empty()
        })
        .await;
        let found = self.query(role, name).await;
        *found
            .first()
            .unwrap_or_else(|| panic!("the {role} `{name}` went away"))
    }

    /// How many elements have this role and name now.
    pub async fn count(&self, role: &str, name: &str) -> usize {
        self.query(role, name).await.len()
    }

    /// Waits until no element has this role and name.
    pub async fn gone(&self, role: &str, name: &str) {
        self.wait(&format!("there is no {role} `{name}`"), async || {
            self.query(role, name).await.is_empty()
        })
        .await;
    }

    /// Waits until the visible text holds this.
    pub async fn see(&self, text: &str) {
        self.wait(&format!("`{text}` is to be seen"), async || {
            self.shows(text).await
        })
        .await;
    }

    /// Waits until the visible text does not hold this.
    pub async fn not_see(&self, text: &str) {
        self.wait(&format!("`{text}` is not to be seen"), async || {
            !self.shows(text).await
        })
        .await;
    }

    /// Whether the visible text holds this now.
    pub async fn shows(&self, text: &str) -> bool {
        let visible = self.evaluate("document.body?.innerText ?? ''").await;
        visible
            .as_str()
            .is_some_and(|visible| visible.contains(text))
    }

    /// Finds an element and clicks its middle.
    pub async fn click(&self, role: &str, name: &str) {
        let element = self.find_at_rest(role, name).await;
        self.click_element(element).await;
    }

    /// Finds an element once nothing loads any more that would move it from under the pointer.
    async fn find_at_rest(&self, role: &str, name: &str) -> Element {
        self.find(role, name).await;
        self.wait("nothing loads any more", async || {
            self.evaluate("!document.querySelector('[aria-busy=true]')")
                .await
                == true
        })
        .await;
        self.find(role, name).await
    }

    /// Clicks the middle of an element, scrolled into view.
    pub async fn click_element(&self, element: Element) {
        let scroll = ScrollIntoViewIfNeededParams::builder()
            .backend_node_id(element.0)
            .build();
        self.tab
            .execute(scroll)
            .await
            .expect("the element is still there");
        let quads = GetContentQuadsParams::builder()
            .backend_node_id(element.0)
            .build();
        let quads = self
            .tab
            .execute(quads)
            .await
            .expect("the element is laid out");
        let corners = quads
            .quads
            .first()
            .expect("the element has a place")
            .inner()
            .clone();
        let middle = |axis: usize| corners.iter().skip(axis).step_by(2).sum::<f64>() / 4.0;
        self.tab
            .click(Point::new(middle(0), middle(1)))
            .await
            .expect("Chromium clicks");
    }

    /// Finds a field, empties it and types into it, key by key where the keyboard has the keys.
    pub async fn fill(&self, role: &str, name: &str, text: &str) {
        let element = self.find_at_rest(role, name).await;
        self.click_element(element).await;
        self.evaluate("document.activeElement.select?.()").await;
        self.press("Backspace").await;
        self.type_text(text).await;
    }

    /// Types into what has the focus.
    pub async fn type_text(&self, text: &str) {
        if !text.is_ascii() {
            self.tab
                .execute(InsertTextParams::new(text))
                .await
                .expect("Chromium takes text");
            return;
        }
        for character in text.chars() {
            self.press(character.encode_utf8(&mut [0; 4])).await;
        }
    }

    /// Presses a key by its name, such as `a`, `Enter`, `Escape`, `Tab`, `ArrowDown`.
    pub async fn press(&self, key: &str) {
        self.press_with(key, 0).await;
    }

    /// Presses a key while Shift is held, such as `Tab` to go backwards.
    pub async fn press_shifted(&self, key: &str) {
        self.press_with(key, SHIFT).await;
    }

    /// Presses a key while Control is held.
    pub async fn press_with_control(&self, key: &str) {
        self.press_with(key, CONTROL).await;
    }

    async fn press_with(&self, key: &str, modifiers: i64) {
        let definition = keys::get_key_definition(key);
        let definition = definition.unwrap_or_else(|| panic!("the keyboard has no key `{key}`"));
        // Keys that write something say what; the others only go down and up.
        let text = definition
            .text
            .or((definition.key.len() == 1).then_some(definition.key))
            .filter(|_| modifiers & CONTROL == 0);
        let down = if text.is_some() {
            DispatchKeyEventType::KeyDown
        } else {
            DispatchKeyEventType::RawKeyDown
        };
        for kind in [down, DispatchKeyEventType::KeyUp] {
            let mut event = DispatchKeyEventParams::new(kind.clone());
            event.key = Some(definition.key.to_owned());
            event.code = Some(definition.code.to_owned());
            event.windows_virtual_key_code = Some(definition.key_code);
            event.native_virtual_key_code = Some(definition.key_code);
            event.modifiers = Some(modifiers);
            if kind != DispatchKeyEventType::KeyUp {
                event.text = text.map(str::to_owned);
            }
            self.tab.execute(event).await.expect("Chromium takes keys");
        }
    }

    /// Runs an expression in the page, waits for its promise, returns its value.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let mut parameters = EvaluateParams::new(expression);
        parameters.await_promise = Some(true);
        parameters.return_by_value = Some(true);
        let result = self.tab.evaluate(parameters).await;
        let result = result.unwrap_or_else(|error| panic!("`{expression}`: {error}"));
        result.value().cloned().unwrap_or_default()
    }

    /// Text of the clipboard; [`super::Browser::allow_clipboard`] first.
    pub async fn clipboard(&self) -> String {
        self.tab
            .bring_to_front()
            .await
            .expect("Chromium raises tabs");
        self.evaluate("navigator.clipboard.readText()")
            .await
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Writes a screenshot of the window to `e2e/artifacts`, its name with size and colours.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("artifacts");
        std::fs::create_dir_all(&folder).expect("the clone takes folders");
        let (width, height) = self.look.size.pixels();
        let Look {
            scheme, language, ..
        } = self.look;
        let path = folder.join(format!(
            "{name}-{width}x{height}-{}-{language}.png",
            scheme.as_str()
        ));
        let parameters = ScreenshotParams::builder()
            .format(CaptureScreenshotFormat::Png)
            .build();
        self.tab
            .save_screenshot(parameters, &path)
            .await
            .expect("Chromium takes pictures");
        path
    }

    /// Runs axe on the page and fails on any violation, with the elements that it names.
    pub async fn accessible(&self) {
        let violations = self.axe().await;
        assert!(
            violations.is_empty(),
            "axe at {}:\n{}",
            self.url().await,
            violations.join("\n")
        );
    }

    /// Waits until `claim` holds.
    pub async fn wait(&self, what: &str, claim: impl AsyncFn() -> bool) {
        let holds = async {
            let mut poll = tokio::time::interval(POLL);
            loop {
                poll.tick().await;
                if claim().await {
                    break;
                }
            }
        };
        if tokio::time::timeout(LIMIT, holds).await.is_err() {
            let picture = self.screenshot("failure").await;
            let text = self.evaluate("document.body?.innerText ?? ''").await;
            panic!(
                "not within {LIMIT:?}: {what}\nat {}\ncomplaints: {:?}\npicture: {}\ntext: {}",
                self.url().await,
                self.complaints.all(),
                picture.display(),
                text.as_str().unwrap_or_default()
            );
        }
    }

    /// What the page complained about so far.
    pub fn complaints(&self) -> &Complaints {
        &self.complaints
    }

    /// Closes the tab and fails when the page complained about anything.
    pub async fn close(self) {
        // One more turn of the page's event loop, so that what it did last has been reported.
        self.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
            .await;
        let (url, said) = (self.url().await, self.complaints.all());
        assert!(said.is_empty(), "{url} complained:\n{}", said.join("\n"));
        let _ = self.tab.close().await;
    }

    async fn query(&self, role: &str, name: &str) -> Vec<Element> {
        let Ok(document) = self.tab.execute(dom::GetDocumentParams::default()).await else {
            return Vec::new();
        };
        let mut query = QueryAxTreeParams::builder()
            .role(role)
            .accessible_name(name)
            .build();
        query.backend_node_id = Some(document.root.backend_node_id);
        // While the page loads another document there is nothing to find.
        let Ok(answer) = self.tab.execute(query).await else {
            return Vec::new();
        };
        let nodes = answer.result.nodes.into_iter().filter(|node| !node.ignored);
        nodes
            .filter_map(|node| node.backend_dom_node_id.map(Element))
            .collect()
    }

    /// One line for each violation; contrast that axe could not judge is none.
    pub(super) async fn axe(&self) -> Vec<String> {
        let script =
            PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../node_modules/axe-core/axe.min.js");
        let script = std::fs::read_to_string(&script).unwrap_or_else(|error| {
            panic!(
                "cannot read `{}`: {error}; run `cargo xtask tools`",
                script.display()
            )
        });
        // Evaluated over the protocol, so the page's content security policy is not asked.
        self.evaluate(&format!("{script};null")).await;
        self.evaluate(AT_REST).await;
        let found = self.evaluate("axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)").await;
        let violations = found.as_array().expect("axe returns a list");
        violations
            .iter()
            .map(|violation| {
                let nodes = violation["nodes"]
                    .as_array()
                    .into_iter()
                    .flatten()
                    .map(|node| {
                        format!(
                            "    {} {}",
                            node["html"].as_str().unwrap_or_default(),
                            node["failureSummary"].as_str().unwrap_or_default()
                        )
                    });
                let (id, help) = (
                    violation["id"].as_str().unwrap_or_default(),
                    violation["help"].as_str().unwrap_or_default(),
                );
                format!("{id}: {help}\n{}", nodes.collect::<Vec<_>>().join("\n"))
            })
            .collect()
    }
}
