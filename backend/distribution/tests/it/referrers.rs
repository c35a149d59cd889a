//! Referrers: what is said about a manifest.

use berth_domain::{Algorithm, Digest, MediaType};
use berth_services::Settings;
use berth_testkit::{Backend, PASSWORD, TestImage, TestRegistry, db_test, images};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::client::{Answer, Client};

const APP: &str = "ann/app";

/// A client, the image it pushed, and what it says about that image.
async fn with_referrers(t: &TestRegistry, kinds: &[&str]) -> (Client, TestImage, Vec<Bytes>) {
    t.user("ann").await;
    let client = Client::of(t, "ann", APP).await;
    let image = TestImage::new(1);
    client.push_image(APP, "1", &image).await;
    client.push_blob(APP, &Bytes::from("{}")).await.is(201);
    let mut referrers = Vec::new();
    for kind in kinds {
        let referrer = images::artifact(&image.manifest, kind);
        let digest = Digest::of(&referrer);
        let pushed = client.push_manifest(APP, digest.as_str(), &referrer).await;
        assert_eq!(
            pushed.is(201).header("oci-subject"),
            image.digest().as_str()
        );
        referrers.push(referrer);
    }
    (client, image, referrers)
}

fn of(image: &TestImage) -> String {
    format!("/v2/{APP}/referrers/{}", image.digest())
}

fn digests(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.is(200).header("content-type"), MediaType::OCI_INDEX);
    let index = answer.json();
    assert_eq!(
        (&index["schemaVersion"], &index["mediaType"]),
        (&json!(2), &json!(MediaType::OCI_INDEX))
    );
    let list = index["manifests"].as_array().expect("a list");
    list.iter()
        .map(|entry| entry["digest"].as_str().expect("a digest").to_owned())
        .collect()
}

fn sorted(manifests: &[Bytes]) -> Vec<String> {
    let mut digests: Vec<_> = manifests
        .iter()
        .map(|bytes| Digest::of(bytes).to_string())
        .collect();
    digests.sort();
    digests
}

db_test!(
    async fn referrers_are_listed_with_all_there_is_to_know(t: TestRegistry) {
        let (client, image, referrers) =
            with_referrers(t, &["application/vnd.a+json", "b/c"]).await;
        let answer = client.get(&of(&image)).await;
        assert_eq!(digests(&answer), sorted(&referrers));
        assert!(!answer.has("oci-filters-applied") && !answer.has("link"));
        for filter in ["application/vnd.a%2Bjson", "application/vnd.a+json"] {
            let answer = client
                .get(&format!("{}?artifactType={filter}", of(&image)))
                .await;
            assert_eq!(answer.header("oci-filters-applied"), "artifactType");
            assert_eq!(
                answer.json()["manifests"],
                json!([{
                    "mediaType": MediaType::OCI_MANIFEST,
                    "digest": Digest::of(&referrers[0]),
                    "size": referrers[0].len(),
                    "artifactType": "application/vnd.a+json",
                    "annotations": { "org.example.about": "application/vnd.a+json" },
                }])
            );
        }
    }
);

db_test!(
    async fn there_is_always_a_list_and_only_a_bad_digest_is_an_error(t: TestRegistry) {
        let (client, image, _) = with_referrers(t, &[]).await;
        let unknown = format!("/v2/{APP}/referrers/{}", Digest::of(b"nobody pushed this"));
        for path in [of(&image), unknown] {
            assert_eq!(digests(&client.get(&path).await), Vec::<String>::new());
        }
        client
            .get("/v2/ann/app/referrers/sha256:zz")
            .await
            .is_error(400, "DIGEST_INVALID");
        Client::without_token(&t.services)
            .get(&of(&image))
            .await
            .is_error(401, "UNAUTHORIZED");
    }
);

db_test!(
    async fn many_referrers_come_in_pages(t: TestRegistry) {
        let (client, image, referrers) =
            with_referrers(t, &["x/a", "x/b", "x/c", "x/d", "x/e"]).await;
        let mut next = Some(format!("{}?n=2", of(&image)));
        let mut seen = Vec::new();
        let mut pages = 0;
        while let Some(path) = next {
            let answer = client.get(&path).await;
            seen.extend(digests(&answer));
            pages += 1;
            next = answer.has("link").then(|| {
                let (path, rel) = answer.header("link").split_once(">; ").expect("a link");
                assert_eq!(rel, "rel=\"next\"");
                path.trim_start_matches('<').to_owned()
            });
        }
        assert_eq!((seen, pages), (sorted(&referrers), 3));
    }
);

db_test!(
    async fn what_old_clients_wrote_under_the_fallback_tag_is_found(t: TestRegistry) {
        let (client, image, referrers) = with_referrers(t, &["x/new"]).await;
        let old = TestImage::new(7);
        client.push_image(APP, old.digest().as_str(), &old).await;
        let entry = |bytes: &Bytes, kind: &str| {
            let mut entry = images::descriptor(MediaType::OCI_MANIFEST, bytes);
            entry["artifactType"] = json!(kind);
            entry
        };
        let entries: Vec<Value> =
            vec![entry(&old.manifest, "x/old"), entry(&referrers[0], "x/new")];
        let index =
            json!({ "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": entries });
        let tag = image.digest().as_str().replace(':', "-");
        client
            .push_manifest(APP, &tag, &Bytes::from(index.to_string()))
            .await
            .is(201);
        let mut found = digests(&client.get(&of(&image)).await);
        found.sort();
        assert_eq!(found, sorted(&[referrers[0].clone(), old.manifest.clone()]));
        let filtered = client
            .get(&format!("{}?artifactType=x/old", of(&image)))
            .await;
        assert_eq!(digests(&filtered), [old.digest().to_string()]);
    }
);

#[tokio::test(flavor = "multi_thread")]
async fn a_switched_off_api_is_a_404_so_that_clients_fall_back() {
    let t = TestRegistry::on(Backend::Sqlite).await.unwrap();
    let (_, image, _) = with_referrers(&t, &["x/a"]).await;
    let mut settings = Settings::default();
    settings.push.referrers = false;
    let services = t.replica(settings);
    let scopes = ["repository:ann/app:pull"];
    let client = Client::with_scopes(&services, Some(("ann", PASSWORD)), &scopes).await;
    client.get(&of(&image)).await.is_error(404, "UNSUPPORTED");
    t.close().await;
}

db_test!(
    async fn referrers_of_a_subject_named_by_sha512_are_found(t: TestRegistry) {
        let (client, image, _) = with_referrers(t, &[]).await;
        let subject = Digest::by(Algorithm::Sha512, &image.manifest);
        client
            .push_manifest(APP, subject.as_str(), &image.manifest)
            .await
            .is(201);
        let mut about: Value =
            serde_json::from_slice(&images::artifact(&image.manifest, "x/new")).unwrap();
        about["subject"]["digest"] = json!(subject);
        let about = Bytes::from(about.to_string());
        let pushed = client.push_manifest(APP, "about", &about).await;
        assert_eq!(pushed.is(201).header("oci-subject"), subject.as_str());
        // The fallback tag holds no more than 64 digits of the digest.
        let old = TestImage::new(7);
        client.push_image(APP, old.digest().as_str(), &old).await;
        let entry = images::descriptor(MediaType::OCI_MANIFEST, &old.manifest);
        let index =
            json!({ "schemaVersion": 2, "mediaType": MediaType::OCI_INDEX, "manifests": [entry] });
        let tag = format!("sha512-{}", &subject.hex()[..64]);
        client
            .push_manifest(APP, &tag, &Bytes::from(index.to_string()))
            .await
            .is(201);
        let mut found = digests(&client.get(&format!("/v2/{APP}/referrers/{subject}")).await);
        found.sort();
        assert_eq!(found, sorted(&[about, old.manifest.clone()]));
    }
);

db_test!(
    async fn a_listing_leaves_out_annotations_that_would_not_fit(t: TestRegistry) {
        let (client, image, _) = with_referrers(t, &[]).await;
        let mut large: Value =
            serde_json::from_slice(&images::artifact(&image.manifest, "x/large")).unwrap();
        for n in 0..390 {
            large["annotations"][format!("org.example.{n}")] = json!("x".repeat(10_000));
        }
        let large = Bytes::from(large.to_string());
        let digest = Digest::of(&large);
        let pushed = client.push_manifest(APP, digest.as_str(), &large).await;
        assert_eq!(
            pushed.is(201).header("oci-subject"),
            image.digest().as_str()
        );
        let listed = client.get(&of(&image)).await;
        assert_eq!(digests(&listed), [digest.to_string()]);
        assert!(listed.body.len() < 40_000);
        let annotations = listed.json()["manifests"][0]["annotations"].clone();
        assert_eq!(annotations["org.example.about"], "x/large");
        let whole = client.get(&format!("/v2/{APP}/manifests/{digest}")).await;
        assert_eq!(whole.is(200).body, large);
    }
);
