//! Descriptions and messages: `CommonMark` without raw HTML.

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd, html};

/// HTML for a description. Raw HTML becomes text, pictures become their words, and links lead only to the web or to mail.
pub(crate) fn render(source: &str) -> String {
    written(safe(source))
}

/// The same for a message above a page, which has a heading of its own: headings become strong lines.
pub(crate) fn render_message(source: &str) -> String {
    let events = safe(source).flat_map(|event| {
        let (first, second) = match event {
            Event::Start(Tag::Heading { .. }) => (
                Event::Start(Tag::Paragraph),
                Some(Event::Start(Tag::Strong)),
            ),
            Event::End(TagEnd::Heading(_)) => (
                Event::End(TagEnd::Strong),
                Some(Event::End(TagEnd::Paragraph)),
            ),
            other => (other, None),
        };
        std::iter::once(first).chain(second)
    });
    written(events)
}

/// The same for a text below a page's heading: without a title of its own.
pub(crate) fn render_untitled(source: &str) -> String {
    let mut in_title = false;
    let events = safe(source).filter(|event| match event {
        Event::Start(Tag::Heading { level, .. }) if *level == HeadingLevel::H1 => {
            in_title = true;
            false
        }
        Event::End(TagEnd::Heading(HeadingLevel::H1)) => {
            in_title = false;
            false
        }
        _ => !in_title,
    });
    written(events)
}

/// The events of a text that do no harm.
fn safe(source: &str) -> impl Iterator<Item = Event<'_>> {
    let mut safe_links = Vec::new();
    Parser::new(source).filter_map(move |event| match event {
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
    })
}

fn written<'a>(events: impl Iterator<Item = Event<'a>>) -> String {
    let mut out = String::new();
    html::push_html(&mut out, events);
    out
}

#[cfg(test)]
mod tests {
    use super::{render, render_message, render_untitled};

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
    fn a_message_has_no_headings_and_is_as_safe() {
        assert_eq!(
            render_message("# Tonight\n\n*from* 22:00"),
            "<p><strong>Tonight</strong></p>\n<p><em>from</em> 22:00</p>\n"
        );
        let html = render_message("<script>x()</script>\n\n## [a](javascript:x)");
        assert!(
            !html.contains("<script") && !html.contains("href"),
            "{html}"
        );
    }

    #[test]
    fn below_a_heading_of_the_page_a_text_has_no_title() {
        assert_eq!(
            render_untitled("# A *title*\n\nText.\n\n## Part\n\n<b>raw</b>"),
            "<p>Text.</p>\n<h2>Part</h2>\n<p>&lt;b&gt;raw&lt;/b&gt;</p>\n"
        );
    }

    #[test]
    fn pictures_become_their_words() {
        assert_eq!(
            render("![logo](https://example.com/a.png)"),
            "<p>logo</p>\n"
        );
    }
}
