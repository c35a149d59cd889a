//! The harness itself: what finds nothing would pass every test.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::{Browser, Look, Size};

const PAGE: &str = "<!doctype html><html lang=en><title>Test</title><meta name=viewport content=width=device-width><link rel=icon href=data:,>\
    <main><h1>Names</h1><label>Name <input id=name></label>\
    <button id=add>Add</button><p id=out></p></main><script src=app.js></script>";
const SCRIPT: &str = "document.getElementById('add').onclick = event => {\
    document.getElementById('out').textContent = \
      `${event.isTrusted ? 'Trusted' : 'Faked'} ${document.getElementById('name').value} ${innerWidth} \
      ${matchMedia('(prefers-color-scheme: dark)').matches} ${navigator.language}`; };";

/// Serves the page, its script, and nothing else.
async fn serve() -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let path = String::from_utf8_lossy(&request[..read]);
            let (status, kind, body) = match path.split(' ').nth(1) {
                Some("/") => ("200 OK", "text/html", PAGE),
                Some("/app.js") => ("200 OK", "text/javascript", SCRIPT),
                _ => ("404 Not Found", "text/plain", "no"),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\
                 Content-Security-Policy: default-src 'self'; img-src data:\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all(head.as_bytes()).await;
            let _ = stream.write_all(body.as_bytes()).await;
        }
    });
    (address, task)
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_used_by_role_and_name_with_real_events() {
    let (address, server) = serve().await;
    let browser = Browser::start().await;
    let mut page = browser
        .open(&format!("http://{address}/"), Look::DESKTOP)
        .await;
    page.fill("textbox", "Name", "Anna 1").await;
    page.click("button", "Add").await;
    page.see("Trusted Anna 1 1440 false en").await;
    page.accessible().await;

    page.look_at(Look::PHONE.dark().in_language("ja")).await;
    page.reload().await;
    page.fill("textbox", "Name", "杏奈").await;
    page.press("Tab").await;
    page.press("Enter").await;
    let width = Size::Phone.pixels().0;
    page.see(&format!("Trusted 杏奈 {width} true ja")).await;
    assert!(page.screenshot("harness").await.is_file());
    page.close().await;
    browser.close().await;
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_colour_on_its_way_is_judged_where_it_arrives() {
    let (address, server) = serve().await;
    let browser = Browser::start().await;
    let page = browser
        .open(&format!("http://{address}/"), Look::DESKTOP)
        .await;
    page.evaluate(
        "(() => { const [sheet, out] = [new CSSStyleSheet(), document.getElementById('out')]; \
         sheet.replaceSync('#out { color: #fff; transition: color 1s } #out.on { color: #000 }'); \
         document.adoptedStyleSheets = [sheet]; out.textContent = 'Words'; \
         getComputedStyle(out).color; out.className = 'on'; return getComputedStyle(out).color })()",
    )
    .await;
    page.accessible().await;
    page.close().await;
    browser.close().await;
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_keyboard_leads_to_what_has_a_role_and_a_name() {
    let (address, server) = serve().await;
    let browser = Browser::start().await;
    let page = browser
        .open(&format!("http://{address}/"), Look::DESKTOP)
        .await;
    assert!(!page.is_focused("button", "Add").await);
    page.tab_to("button", "Add", 2).await;
    page.focused("button", "Add").await;
    page.tab_back_to("textbox", "Name", 1).await;
    assert!(!page.is_focused("button", "Add").await);
    page.type_text("Anna").await;
    page.tab_to("textbox", "Name", 0).await;
    page.tab_to("button", "Add", 1).await;
    page.press("Enter").await;
    page.see("Trusted Anna").await;
    page.close().await;
    browser.close().await;
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_a_page_complains_about_is_collected() {
    let (address, server) = serve().await;
    let browser = Browser::start().await;
    let page = browser
        .open(&format!("http://{address}/"), Look::DESKTOP)
        .await;
    page.evaluate("console.error('told on purpose')").await;
    page.evaluate("setTimeout(() => { throw new Error('thrown on purpose') }), null")
        .await;
    page.evaluate("fetch('/absent').then(() => null)").await;
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<i style=\"color:red\">x</i>')")
        .await;
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<input>')")
        .await;
    let provoked = [
        "told on purpose",
        "thrown on purpose",
        "404",
        "content security policy",
    ];
    page.wait("all complaints arrive", async || {
        let all = page.complaints().all().join("\n");
        provoked.iter().all(|text| all.contains(text))
    })
    .await;
    // The field without a label is what axe finds.
    let violations = page.axe().await.join("\n");
    assert!(violations.contains("label"), "{violations}");
    browser.close().await;
    server.abort();
}
