//! Descriptions: `CommonMark` without raw HTML.

use pulldown_cmark::{Event, Parser, Tag, TagEnd, html};

/// HTML for a description. Raw HTML becomes text, pictures become their words, and links lead only to the web or to mail.
pub(crate) fn render(source: &str) -> String {
    let mut safe_links = Vec::new();
    let events = Parser::new(source).filter_map(move |event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Start(Tag::Link { ref dest_url, .. }) => {
            let safe = ["https://", "http://", "mailto:"]
                .iter()
                .any(|scheme| dest_url.starts_with(scheme));
            safe_links.push(safe);
            safe.then_some(event)
        }
        Event::End(TagEnd::Link) => safe_links.pop().unwrap_or(false).then_some(event),
        other => Some(other),
    });
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn raw_html_is_shown_and_not_obeyed() {
        assert_eq!(
            render("a <b onclick=\"x()\">b</b>"),
            "<p>a &lt;b onclick=\"x()\"&gt;b&lt;/b&gt;</p>\n"
        );
        assert!(!render("<script>alert(1)</script>").contains("<script"));
        assert!(!render("<p style=\"color:red\">x").contains("<p style"));
    }

    #[test]
    fn links_lead_only_to_the_web_or_to_mail() {
        assert!(render("[a](https://example.com)").contains("href=\"https://example.com\""));
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "//example.com",
            "vbscript:x",
            "JaVaScRiPt:x",
        ] {
            let html = render(&format!("[a]({bad})"));
            assert!(!html.contains("href"), "{html}");
        }
    }

    #[test]
    fn pictures_become_their_words() {
        assert_eq!(
            render("![logo](https://example.com/a.png)"),
            "<p>logo</p>\n"
        );
    }
}
