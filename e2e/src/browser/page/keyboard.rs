//! What has the focus, and the way to it by the keyboard alone.

use chromiumoxide::cdp::browser_protocol::dom::DescribeNodeParams;
use chromiumoxide::cdp::js_protocol::runtime::EvaluateParams;

use super::{Element, Page, SHIFT};

/// What has the focus, for a message.
const FOCUS: &str = "(one => `${one.tagName.toLowerCase()} ${one.ariaLabel ?? one.textContent.trim().slice(0, 40)}`)\
     (document.activeElement ?? document.body)";

impl Page {
    /// Whether something of this role and name has the focus now.
    pub async fn is_focused(&self, role: &str, name: &str) -> bool {
        match self.focus().await {
            Some(focus) => self.query(role, name).await.contains(&focus),
            None => false,
        }
    }

    /// Waits until something of this role and name has the focus.
    pub async fn focused(&self, role: &str, name: &str) {
        self.wait(&format!("the {role} `{name}` has the focus"), async || {
            self.is_focused(role, name).await
        })
        .await;
    }

    /// Presses `Tab` until something of this role and name has the focus, at most so many times; not at all where it
    /// has it already.
    pub async fn tab_to(&self, role: &str, name: &str, most: usize) {
        self.walk(role, name, most, 0).await;
    }

    /// The same backwards.
    pub async fn tab_back_to(&self, role: &str, name: &str, most: usize) {
        self.walk(role, name, most, SHIFT).await;
    }

    async fn walk(&self, role: &str, name: &str, most: usize, modifiers: i64) {
        self.find_at_rest(role, name).await;
        let mut passed = Vec::new();
        while !self.is_focused(role, name).await {
            assert!(
                passed.len() < most,
                "{most} times Tab do not lead to the {role} `{name}` at {}, but past {passed:#?}",
                self.url().await
            );
            self.press_with("Tab", modifiers).await;
            let focus = self.evaluate(FOCUS).await;
            passed.push(focus.as_str().unwrap_or_default().to_owned());
        }
    }

    /// What has the focus.
    async fn focus(&self) -> Option<Element> {
        let mut active = EvaluateParams::new("document.activeElement");
        active.return_by_value = Some(false);
        let active = self.tab.evaluate(active).await.ok()?;
        let object = active.object().object_id.clone()?;
        let describe = DescribeNodeParams::builder().object_id(object).build();
        let described = self.tab.execute(describe).await.ok()?;
        Some(Element(described.result.node.backend_node_id))
    }
}
