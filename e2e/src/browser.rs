//! A real browser: headless Chromium, driven over its `DevTools` protocol.
//!
//! Elements are found by the role and name that the browser computed, mouse and keys are real events,
//! and everything that the page complains about is collected: console errors, exceptions, failed
//! requests, reports of the content security policy. [`Page::close`] fails when there is any.

mod complaints;
mod page;
#[cfg(test)]
mod tests;
mod words;

use chromiumoxide::BrowserConfig;
use chromiumoxide::cdp::browser_protocol::browser::{
    PermissionDescriptor, PermissionSetting, SetPermissionParams,
};
use futures::StreamExt;
use tempfile::TempDir;
use tokio::task::JoinHandle;

pub use complaints::Complaints;
pub use page::{Element, Page};
pub use words::Words;

/// Size of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// 1440×900.
    Desktop,
    /// 390×844, with touch.
    Phone,
}

impl Size {
    /// Width and height in CSS pixels.
    pub fn pixels(self) -> (u32, u32) {
        match self {
            Self::Desktop => (1440, 900),
            Self::Phone => (390, 844),
        }
    }
}

/// What the system says it prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// `prefers-color-scheme: light`.
    Light,
    /// `prefers-color-scheme: dark`.
    Dark,
}

impl Scheme {
    /// As the media query says it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Size of the window.
    pub size: Size,
    /// Colours.
    pub scheme: Scheme,
    /// Value of `Accept-Language` and `navigator.languages`.
    pub language: &'static str,
}

impl Look {
    /// A bright desktop in English.
    pub const DESKTOP: Self = Self {
        size: Size::Desktop,
        scheme: Scheme::Light,
        language: "en",
    };
    /// A bright phone in English.
    pub const PHONE: Self = Self {
        size: Size::Phone,
        ..Self::DESKTOP
    };

    /// The same in the dark.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self {
            scheme: Scheme::Dark,
            ..self
        }
    }

    /// The same in another language.
    #[must_use]
    pub const fn in_language(self, language: &'static str) -> Self {
        Self { language, ..self }
    }
}

/// A browser with a profile of its own; its pages share cookies.
#[derive(Debug)]
pub struct Browser {
    inner: chromiumoxide::Browser,
    events: JoinHandle<()>,
    _profile: TempDir,
}

impl Browser {
    /// Starts Chromium from `PATH`.
    pub async fn start() -> Self {
        let profile = tempfile::Builder::new()
            .prefix("berth-chromium-")
            .tempdir()
            .expect("a temporary folder");
        let config = BrowserConfig::builder()
            .chrome_executable(executable())
            // Chromium's sandbox refuses root, and containers often lack what it needs.
            .no_sandbox()
            .new_headless_mode()
            .user_data_dir(profile.path())
            .args([
                "disable-gpu",
                "disable-quic",
                "disable-component-update",
                "hide-scrollbars",
            ])
            .viewport(None)
            .build()
            .unwrap_or_else(|error| panic!("cannot configure Chromium: {error}"));
        let (inner, mut handler) = chromiumoxide::Browser::launch(config)
            .await
            .unwrap_or_else(|error| panic!("cannot start Chromium: {error}"));
        let events = tokio::spawn(async move { while handler.next().await.is_some() {} });
        Self {
            inner,
            events,
            _profile: profile,
        }
    }

    /// Opens a page and waits until it has loaded.
    pub async fn open(&self, url: &str, look: Look) -> Page {
        let tab = self
            .inner
            .new_page("about:blank")
            .await
            .expect("Chromium opens tabs");
        let page = Page::attach(tab, look).await;
        page.go(url).await;
        page
    }

    /// Lets pages read and write the clipboard.
    pub async fn allow_clipboard(&self) {
        for name in ["clipboard-read", "clipboard-write"] {
            let permission = PermissionDescriptor::new(name);
            let grant = SetPermissionParams::new(permission, PermissionSetting::Granted);
            self.inner
                .execute(grant)
                .await
                .expect("Chromium knows the permission");
        }
    }

    /// Ends the browser; dropping it kills it less politely.
    pub async fn close(mut self) {
        let _ = self.inner.close().await;
        let _ = self.inner.wait().await;
        self.events.abort();
    }
}

fn executable() -> String {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name)));
    let mut found = found.filter(|candidate| candidate.is_file());
    let found = found
        .next()
        .expect("Chromium is on PATH; `cargo xtask tools` installs it");
    found.to_string_lossy().into_owned()
}
