//! Images, indexes, artifacts, and what is told of pushes as they happen.

use async_graphql::{Request, Variables};
use berth_domain::{Digest, Reference};
use berth_graphql::{RequestContext, schema};
use berth_testkit::{TestImage, TestRegistry, db_test, images, path_of};
use futures::StreamExt;
use serde_json::{Value, json};

use crate::client::ask;

const TAG: &str = "query ($tag: String!) { repository(namespace: \"ann\", name: \"app\") { tag(name: $tag) { manifest { \
     __typename digest mediaType artifactType contentBytes raw tags \
     referrers { nodes { artifactType digest } } \
     ... on ImageManifest { platform { label } layers { mediaType createdBy } config { command environment history { createdBy } } } \
     ... on ImageIndex { children { digest sizeBytes mediaType platform { label } annotations { key } manifest { __typename digest } } } \
     ... on ArtifactManifest { annotations { key value } layers { digest } } } } } }";

async fn tag(t: &TestRegistry, actor: &berth_services::Actor, name: &str) -> Value {
    let data = ask(t, actor, TAG, json!({ "tag": name })).await.data();
    data["repository"]["tag"]["manifest"].clone()
}

db_test!(
    async fn an_index_is_shown_down_to_the_layers_of_its_platforms(t: TestRegistry) {
        let ann = t.user("ann").await;
        let amd = TestImage::for_platform(1, "linux", "amd64");
        let arm = TestImage::for_platform(2, "linux", "arm64");
        t.push(&ann, "ann/app:amd", &amd).await;
        t.push(&ann, "ann/app:arm", &arm).await;
        let index = images::index(&[(&amd, "linux", "amd64"), (&arm, "linux", "arm64")]);
        let manifests = &t.services.manifests;
        let reference: Reference = "all".parse().unwrap();
        manifests
            .push(&ann, &path_of("ann/app"), &reference, None, index.clone())
            .await
            .unwrap();

        let shown = tag(t, &ann, "all").await;
        assert_eq!(shown["__typename"], "ImageIndex");
        assert_eq!(shown["raw"].as_str().unwrap().as_bytes(), &index[..]);
        let labels: Vec<&Value> = shown["children"]
            .as_array()
            .unwrap()
            .iter()
            .map(|child| &child["platform"]["label"])
            .collect();
        assert_eq!(labels, ["linux/amd64", "linux/arm64"]);
        assert_eq!(
            shown["children"][1]["manifest"]["digest"],
            arm.digest().to_string()
        );

        let image = tag(t, &ann, "amd").await;
        assert_eq!(image["__typename"], "ImageManifest");
        assert_eq!(image["tags"], json!(["amd"]));
        assert_eq!(image["layers"][0]["createdBy"], "COPY hello /");
        assert_eq!(image["config"]["command"], json!(["/hello"]));
        let bytes = amd.config.len() + amd.layer.len();
        assert_eq!(image["contentBytes"], bytes.to_string());
    }
);

db_test!(
    async fn an_artifact_is_found_among_the_referrers_of_its_subject(t: TestRegistry) {
        let ann = t.user("ann").await;
        let image = TestImage::new(1);
        t.push(&ann, "ann/app:1", &image).await;
        t.push_blob(&ann, "ann/app", &bytes::Bytes::from_static(b"{}"))
            .await;
        let signature = images::artifact(&image.manifest, "application/vnd.example.signature");
        let reference: Reference = "signature".parse().unwrap();
        let manifests = &t.services.manifests;
        manifests
            .push(
                &ann,
                &path_of("ann/app"),
                &reference,
                None,
                signature.clone(),
            )
            .await
            .unwrap();
        let shown = tag(t, &ann, "1").await;
        assert_eq!(
            shown["referrers"]["nodes"],
            json!([{ "artifactType": "application/vnd.example.signature", "digest": Digest::of(&signature) }])
        );
        let artifact = tag(t, &ann, "signature").await;
        assert_eq!(artifact["__typename"], "ArtifactManifest");
        assert_eq!(artifact["annotations"][0]["key"], "org.example.about");
    }
);

db_test!(
    async fn a_push_is_told_to_who_subscribed_and_nothing_else_goes_over_a_socket(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        t.push(&ann, "ann/app:1", &TestImage::new(1)).await;
        let query = "{ repository(namespace: \"ann\", name: \"app\") { id } }";
        let id = ask(t, &ann, query, json!({})).await.data()["repository"]["id"].clone();
        let socket = |actor: &berth_services::Actor, document: &str| {
            let context = RequestContext::for_socket(t.services.clone(), actor.clone(), None);
            let variables = Variables::from_json(json!({ "id": id }));
            schema().execute_stream(Request::new(document).variables(variables).data(context))
        };
        let watch = "subscription ($id: ID!) { repositoryChanged(repository: $id) { __typename \
             ... on TagPushed { name digest tag { name } repository { path } } } }";
        let refused = socket(&bob, watch).next().await.unwrap();
        let refused = serde_json::to_value(refused).unwrap();
        assert_eq!(refused["errors"][0]["extensions"]["code"], "NOT_FOUND");
        let other =
            serde_json::to_value(socket(&ann, "{ viewer { scopes } }").next().await).unwrap();
        assert_eq!(
            other["errors"][0]["extensions"]["reason"],
            "SUBSCRIPTIONS_ONLY"
        );

        t.clock.advance(std::time::Duration::from_mins(1));
        let mut events = socket(&ann, watch);
        let image = TestImage::new(2);
        // The clock stands still, so it does not matter which of the two comes first.
        let (event, _) = tokio::join!(events.next(), t.push(&ann, "ann/app:2", &image));
        let event = serde_json::to_value(event.unwrap()).unwrap();
        let told = &event["data"]["repositoryChanged"];
        assert_eq!(told["__typename"], "TagPushed", "{event:#}");
        assert_eq!(told["digest"], image.digest().to_string());
        assert_eq!(told["repository"]["path"], "ann/app");
    }
);
