//! Every route of `/v2` and of REST, and every way to prove who asks.

use berth_domain::{Digest, Secret};
use berth_services::Origin;
use berth_testkit::{PASSWORD, TestImage, images};
use bytes::Bytes;
use serde_json::json;

use crate::registry::Registry;

/// What clients of `/v2` ask.
pub(crate) async fn of_v2(r: &mut Registry) {
    r.ask("GET /v2/", "GET", "/v2/", "").await;
    r.sign_in("GET /v2/auth", "").await;
    let pull = "scope=repository:ann/app:pull,push";
    r.sign_in("GET /v2/auth?scope=", pull).await;
    let pulls: Vec<String> = (0..5)
        .map(|n| format!("scope=repository:ann/app{n}:pull"))
        .collect();
    r.sign_in("GET /v2/auth with 5 scopes", &pulls.join("&"))
        .await;
    r.ask("GET /v2/_catalog", "GET", "/v2/_catalog?n=100", "")
        .await;
    let last = "/v2/_catalog?n=100&last=ann/app-100200";
    r.ask("GET /v2/_catalog?last=", "GET", last, "").await;

    let tags = "/v2/ann/app/tags/list?n=100";
    r.ask("GET /v2/<name>/tags/list", "GET", tags, "").await;
    let last = format!("{tags}&last=v102000");
    r.ask("GET /v2/<name>/tags/list?last=", "GET", &last, "")
        .await;

    let (image, config) = (r.image.clone(), Digest::of(&r.image.config));
    let by_tag = "/v2/ann/app/manifests/1";
    for state in ["first", "again"] {
        let what = format!("GET /v2/<name>/manifests/<tag> {state}");
        r.ask(&what, "GET", by_tag, "").await;
    }
    r.ask("HEAD /v2/<name>/manifests/<tag>", "HEAD", by_tag, "")
        .await;
    let by_digest = format!("/v2/ann/app/manifests/{}", image.digest());
    r.ask("GET /v2/<name>/manifests/<digest>", "GET", &by_digest, "")
        .await;
    r.ask("HEAD /v2/<name>/manifests/<digest>", "HEAD", &by_digest, "")
        .await;
    let blob = format!("/v2/ann/app/blobs/{config}");
    r.ask("GET /v2/<name>/blobs/<digest>", "GET", &blob, "")
        .await;
    r.ask("HEAD /v2/<name>/blobs/<digest>", "HEAD", &blob, "")
        .await;
    let referrers = format!("/v2/ann/app/referrers/{}", image.digest());
    r.ask("GET /v2/<name>/referrers/<digest>", "GET", &referrers, "")
        .await;
    let many = format!("/v2/ann/app/referrers/sha256:a{}1000000001", "0".repeat(53));
    r.ask(
        "GET /v2/<name>/referrers/<digest> of 1,000",
        "GET",
        &many,
        "",
    )
    .await;
}

/// What clients of `/v2` change.
pub(crate) async fn pushes(r: &mut Registry) {
    let new = TestImage::new(2);
    let uploads = "/v2/ann/app/blobs/uploads/";
    let digest = Digest::of(&new.config);
    let whole = format!("{uploads}?digest={digest}");
    r.ask(
        "POST /v2/<name>/blobs/uploads/?digest=",
        "POST",
        &whole,
        new.config.clone(),
    )
    .await;
    let open = r
        .ask("POST /v2/<name>/blobs/uploads/", "POST", uploads, "")
        .await;
    let upload = "/v2/<name>/blobs/uploads/<id>";
    let what = format!("GET {upload}");
    r.ask(&what, "GET", open.location(), "").await;
    let what = format!("PATCH {upload}");
    let next = r
        .ask(&what, "PATCH", open.location(), new.layer.clone())
        .await;
    let place = next.location();
    let digest = Digest::of(&new.layer);
    let end = format!(
        "{place}{}digest={digest}",
        if place.contains('?') { '&' } else { '?' }
    );
    let what = format!("PUT {upload}?digest=");
    r.ask(&what, "PUT", &end, "").await;
    let open = r
        .ask("POST /v2/<name>/blobs/uploads/", "POST", uploads, "")
        .await;
    let what = format!("DELETE {upload}");
    r.ask(&what, "DELETE", open.location(), "").await;
    let mount = format!("/v2/ann/new/blobs/uploads/?mount={digest}&from=ann/app");
    r.ask(
        "POST …/uploads/?mount=&from= to a new repository",
        "POST",
        &mount,
        "",
    )
    .await;
    r.ask("POST …/uploads/?mount=&from=", "POST", &mount, "")
        .await;

    let put = "PUT /v2/<name>/manifests";
    let target = "/v2/ann/app/manifests/2";
    r.ask(
        &format!("{put}/<tag> new"),
        "PUT",
        target,
        new.manifest.clone(),
    )
    .await;
    r.ask(
        &format!("{put}/<tag> again"),
        "PUT",
        target,
        new.manifest.clone(),
    )
    .await;
    r.ask(
        &format!("{put}/<tag> moved"),
        "PUT",
        target,
        r.image.manifest.clone(),
    )
    .await;
    let many = r.many_layers(100).await;
    r.ask(
        &format!("{put}/<tag> with 100 layers"),
        "PUT",
        "/v2/ann/app/manifests/many",
        many,
    )
    .await;
    let image = &r.image;
    let index = images::index(&[(image, "linux", "arm64"), (&new, "linux", "amd64")]);
    r.ask(
        &format!("{put}/<tag> of an index"),
        "PUT",
        "/v2/ann/app/manifests/3",
        index,
    )
    .await;
    let digest = new.digest();
    r.ask("DELETE /v2/<name>/manifests/<tag>", "DELETE", target, "")
        .await;
    r.ask(
        "DELETE /v2/<name>/manifests/<digest>",
        "DELETE",
        &format!("/v2/ann/app/manifests/{digest}"),
        "",
    )
    .await;
    let lonely = Bytes::from_static(b"a blob of its own");
    let lonely_digest = Digest::of(&lonely);
    r.ask(
        "-",
        "POST",
        &format!("{uploads}?digest={lonely_digest}"),
        lonely,
    )
    .await;
    r.ask(
        "DELETE /v2/<name>/blobs/<digest>",
        "DELETE",
        &format!("/v2/ann/app/blobs/{lonely_digest}"),
        "",
    )
    .await;
}

/// What scripts ask of `/api/v1`, and what they change. A nested name costs a look for what is above it.
pub(crate) async fn of_rest(r: &mut Registry) {
    let scopes = "repo:admin repo:create user:admin org:admin";
    let token = r.t.oauth_token(&r.ann, scopes).await;
    let list = "/repository?namespace=ann";
    for path in [
        "/user/",
        "/users/bob",
        "/organization/acme",
        "/organization/acme/robots?token=false&limit=100",
        "/organization/acme/robots?limit=1",
        "/organization/acme/members",
        "/organization/acme/members/user-5",
        "/organization/acme/collaborators",
        "/organization/acme/team/crew10001/members?includePending=true",
        "/repository/ann/app",
        "/repository/ann/app?includeTags=false",
        "/repository/ann/app/permissions/user/",
        "/repository/ann/app/tag/",
        "/repository/ann/app/tag/?limit=100&page=3",
        "/repository/ann/app/tag/?onlyActiveTags=true",
        "/repository?public=true",
        "/repository?public=true&popularity=true",
        "/entities/user-1",
        "/entities/robot1?namespace=acme&includeTeams=true&includeOrgs=true",
        "/find/all?query=app",
        "/find/repositories?query=app-1&page=10",
        "/find/repositories?query=app-1&includeUsage=true",
        list,
    ] {
        r.call(&token, "GET", path, None).await;
    }
    let page = r.call(&token, "GET", list, None).await;
    let next = page["next_page"]
        .as_str()
        .expect("there are more")
        .to_owned();
    let found = r.page_of(&token, list, &next).await;
    assert!(
        found["repositories"]
            .as_array()
            .is_some_and(|rows| !rows.is_empty())
    );
    let robot = "/organization/acme/robots/of-rest";
    let role = "/repository/ann/of-rest/permissions/user/bob";
    let new = json!({ "repository": "of-rest", "visibility": "private", "description": "" });
    for (method, path, body) in [
        ("PUT", robot, None),
        ("GET", robot, None),
        ("POST", "/organization/acme/robots/of-rest/regenerate", None),
        ("DELETE", robot, None),
        ("POST", "/repository", Some(new)),
        (
            "PUT",
            "/repository/ann/of-rest",
            Some(json!({ "description": "# Of REST" })),
        ),
        (
            "POST",
            "/repository/ann/of-rest/changevisibility",
            Some(json!({ "visibility": "public" })),
        ),
        (
            "PUT",
            "/repository/ann/of-rest/changestate",
            Some(json!({ "state": "READ_ONLY" })),
        ),
        ("GET", "/repository/ann/of-rest?includeStats=true", None),
        ("GET", "/repository/ann/of-rest/tag/?specificTag=1", None),
        ("PUT", role, Some(json!({ "role": "write" }))),
        ("GET", role, None),
        ("DELETE", role, None),
        ("DELETE", "/repository/ann/of-rest", None),
    ] {
        r.call(&token, method, path, body).await;
    }
}

impl Registry {
    /// A page behind the first one; its token is another one each time, and so no part of what is written down.
    async fn page_of(&mut self, token: &str, list: &str, next: &str) -> serde_json::Value {
        let found = self
            .call(token, "GET", &format!("{list}&next_page={next}"), None)
            .await;
        self.rename_last(&format!("GET /api/v1{list}&next_page="));
        found
    }

    /// A manifest of many layers, whose blobs are there.
    async fn many_layers(&mut self, layers: u64) -> Bytes {
        let mut manifest: serde_json::Value = serde_json::from_slice(&self.image.manifest).unwrap();
        let mut named = Vec::new();
        for n in 0..layers {
            let layer = Bytes::from(format!("layer {n} of many"));
            self.t.push_blob(&self.ann, "ann/app", &layer).await;
            named.push(images::descriptor(
                "application/vnd.oci.image.layer.v1.tar",
                &layer,
            ));
        }
        manifest["layers"] = json!(named);
        Bytes::from(manifest.to_string())
    }
}

/// Who asks, by other credentials than a registry token.
pub(crate) async fn credentials(r: &mut Registry) {
    let services = r.t.services.clone();
    let (name, password) = ("ann", Secret::from(PASSWORD));
    let session = r
        .measure(
            "a sign-in",
            services.authn.sign_in(name, &password, Origin::default()),
        )
        .await
        .unwrap();
    let cookie = session.token.expose();
    let known = services.authn.session(cookie, Origin::default());
    assert!(
        r.measure("a session cookie", known)
            .await
            .unwrap()
            .is_some()
    );
    let token = r.t.oauth_token(&r.ann, "repo:read").await;
    let bearer = services.authn.bearer(&token, Origin::default());
    r.measure("an OAuth token", bearer).await.unwrap();
    let acme = "acme".parse().unwrap();
    let robot = services
        .robots
        .create(&r.ann, &acme, "ci", "")
        .await
        .unwrap();
    let robot = services.robots.credentials(&r.ann, robot.id).await.unwrap();
    let name = robot.username.to_string();
    let login = services.authn.basic(&name, &robot.token, Origin::default());
    Box::pin(r.measure("a robot's login", login)).await.unwrap();
    r.ask("GET /csrf_token", "GET", "/csrf_token", "").await;
    let keys = format!("/keys/services/{}/keys", "reg.test");
    r.ask("GET /keys/services/<service>/keys", "GET", &keys, "")
        .await;
}
