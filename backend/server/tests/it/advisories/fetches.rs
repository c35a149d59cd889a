//! Addresses that people write: the server itself goes to none of them.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};

use berth_domain::Digest;
use berth_testkit::PASSWORD;
use serde_json::json;

use super::{Browser, Site};

const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

#[test]
fn no_address_that_somebody_writes_is_fetched() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let inside = listener.local_addr().unwrap();
    let site = Site::new();
    let ann = Browser::of(&site, "ann");
    ann.data("mutation { createOrganization(input: { name: \"acme\" }) { organization { id } } }");
    let token = site
        .token(("ann", PASSWORD), "repository:ann/app:pull,push")
        .unwrap();
    for (number, host) in ["127.0.0.1", "localhost", "127.1"].into_iter().enumerate() {
        let address = format!("http://{host}:{}/a", inside.port());
        let text = format!("![x]({address}) [y]({address}) <{address}>");
        // What an application says of itself, and where it wants browsers to go.
        let input = format!(
            "organization: \"acme\", name: \"a{number}\", homepage: {0}, redirectPrefix: {0}, description: {1}",
            json!(address),
            json!(text)
        );
        let made = ann.data(&format!(
            "mutation {{ createApplication(input: {{ {input} }}) {{ application {{ clientId }} clientSecret }} }}"
        ));
        let made = &made["createApplication"];
        let client_id = made["application"]["clientId"].as_str().unwrap();
        let secret = made["clientSecret"].as_str().unwrap();
        let asked = format!(
            "clientId: {}, redirectUri: {}, scope: \"repo:read\"",
            json!(client_id),
            json!(address)
        );
        ann.data(&format!(
            "{{ authorizationRequest({asked}, responseType: CODE) {{ refusal application {{ name }} }} }}"
        ));
        let given = ann.data(&format!(
            "mutation {{ authorizeApplication(input: {{ {asked}, responseType: CODE }}) {{ location }} }}"
        ));
        let location = given["authorizeApplication"]["location"].as_str().unwrap();
        let (_, code) = location.split_once("code=").unwrap();
        let escaped = address.replace(':', "%3A").replace('/', "%2F");
        let query = format!("client_id={client_id}&redirect_uri={escaped}&scope=repo%3Aread");
        let page = format!("/oauth/authorize?{query}&response_type=token&format=json");
        site.server.ask("GET", &page, &ann.headers(), "");
        let form =
            format!("grant_type=authorization_code&client_secret={secret}&code={code}&{query}");
        let exchanged = site
            .server
            .ask("POST", "/oauth/access_token", &[FORM], &form);
        assert_eq!(exchanged.status, 200, "{exchanged:?}");
        // What is written about a repository, shown as a page would.
        let input = format!(
            "namespace: \"ann\", name: \"r{number}\", description: {}",
            json!(text)
        );
        ann.data(&format!(
            "mutation {{ createRepository(input: {{ {input} }}) {{ repository {{ descriptionHtml }} }} }}"
        ));
        // What is written in what is pushed: annotations, and layers that lie elsewhere.
        let annotations = json!({ "org.opencontainers.image.url": address, "logo": address });
        site.push(&token, &format!("ann/app:{number}"), &annotations);
        let layer = Digest::of(address.as_bytes());
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": { "mediaType": "application/vnd.docker.container.image.v1+json", "digest": layer, "size": 1 },
            "layers": [{
                "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
                "digest": layer, "size": 1, "urls": [address],
            }],
        });
        site.v2(
            "PUT",
            "/v2/ann/app/manifests/foreign",
            &token,
            &manifest.to_string(),
        );
        site.v2("GET", &format!("/v2/ann/app/blobs/{layer}"), &token, "");
        let mount = format!("/v2/ann/app/blobs/uploads/?mount={layer}&from={escaped}");
        site.v2("POST", &mount, &token, "");
    }
    let came = listener.accept().map(|(_, from)| from);
    assert_eq!(came.unwrap_err().kind(), ErrorKind::WouldBlock);
    // Whoever comes is seen.
    let _visitor = TcpStream::connect(inside).unwrap();
    assert!(listener.accept().is_ok());
}
