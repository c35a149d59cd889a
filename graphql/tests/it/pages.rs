//! Lists in pages, and mutations that change what they hold.

use berth_testkit::{TestImage, db_test};
use serde_json::{Value, json};

use crate::client::ask;

const CREATE: &str = "mutation ($ns: String!, $n: String!) { createRepository(input: { namespace: $ns, name: $n }) \
     { repository { id path visibility namespace { name } viewerPermission viewerCanAdminister tagCount sizeBytes } } }";

db_test!(
    async fn pages_follow_one_another_in_both_directions_and_count_everything(t: TestRegistry) {
        let ann = t.user("ann").await;
        for n in 0..5 {
            ask(
                t,
                &ann,
                CREATE,
                json!({ "ns": "ann", "n": format!("app{n}") }),
            )
            .await
            .data();
        }
        let query = "query ($after: String, $d: OrderDirection!) { repositories(first: 2, after: $after, \
             orderBy: { field: NAME, direction: $d }) { totalCount pageInfo { hasNextPage hasPreviousPage endCursor } \
             nodes { name } edges { cursor node { name } } } }";
        for (direction, expected) in [("ASC", [0, 1, 2, 3, 4]), ("DESC", [4, 3, 2, 1, 0])] {
            let (mut after, mut names) = (Value::Null, Vec::new());
            loop {
                let variables = json!({ "after": after, "d": direction });
                let page = ask(t, &ann, query, variables).await.data()["repositories"].clone();
                assert_eq!(page["totalCount"], 5);
                assert_eq!(page["pageInfo"]["hasPreviousPage"], !after.is_null());
                names.extend(
                    page["nodes"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|node| node["name"].clone()),
                );
                after = page["pageInfo"]["endCursor"].clone();
                if page["pageInfo"]["hasNextPage"] == false {
                    break;
                }
            }
            assert_eq!(names, expected.map(|n| json!(format!("app{n}"))));
        }
        let refused = ask(t, &ann, query, json!({ "after": "nonsense", "d": "ASC" })).await;
        assert_eq!(refused.refused("field"), Some("after"));
    }
);

db_test!(
    async fn a_created_repository_is_private_and_its_name_is_taken(t: TestRegistry) {
        let ann = t.user("ann").await;
        let variables = json!({ "ns": "ann", "n": "deep/app" });
        let made = ask(t, &ann, CREATE, variables.clone()).await.data();
        let repository = &made["createRepository"]["repository"];
        assert_eq!(repository["path"], "ann/deep/app");
        assert_eq!(repository["visibility"], "PRIVATE");
        assert_eq!(repository["viewerPermission"], "ADMIN");
        assert_eq!(repository["namespace"]["name"], "ann");
        assert_eq!(
            (&repository["tagCount"], &repository["sizeBytes"]),
            (&json!(0), &Value::Null)
        );
        let taken = ask(t, &ann, CREATE, variables).await;
        assert_eq!(taken.refused("code"), Some("ALREADY_EXISTS"));
        assert_eq!(taken.refused("field"), Some("name"));
        let wrong = ask(t, &ann, CREATE, json!({ "ns": "ann", "n": "No" })).await;
        assert_eq!(wrong.refused("code"), Some("INVALID_INPUT"));
        assert_eq!(wrong.refused("reason"), Some("REPOSITORY_NAME_INVALID"));
        assert_eq!(wrong.refused("field"), Some("name"));
    }
);

db_test!(
    async fn organizations_robots_and_roles_are_made_and_shown(t: TestRegistry) {
        let ann = t.user("ann").await;
        let made = ask(t, &ann, "mutation { createOrganization(input: { name: \"acme\", email: \"a@acme.test\" }) \
             { organization { name email avatar { color kind hash } viewerCanCreateRepository } } }", json!({}))
            .await
            .data();
        let organization = &made["createOrganization"]["organization"];
        assert_eq!(organization["email"], "a@acme.test");
        assert_eq!(organization["avatar"]["kind"], "org");
        let made = ask(t, &ann, "mutation { createRobot(input: { namespace: \"acme\", shortName: \"ci\", description: \"builds\" }) \
             { robot { id name shortName credentials { username token } repositoryCount } } }", json!({}))
            .await
            .data();
        let robot = &made["createRobot"]["robot"];
        assert_eq!(robot["credentials"]["username"], "acme+ci");
        t.login("acme+ci", robot["credentials"]["token"].as_str().unwrap())
            .await;
        let made = ask(t, &ann, CREATE, json!({ "ns": "acme", "n": "app" }))
            .await
            .data();
        let id = &made["createRepository"]["repository"]["id"];
        let set = "mutation ($id: ID!) { setPermissions(input: { repository: $id, permissions: \
             [{ account: \"acme+ci\", role: WRITE }] }) { repository { permissions { account kind role } } } }";
        let data = ask(t, &ann, set, json!({ "id": id })).await.data();
        assert_eq!(
            data["setPermissions"]["repository"]["permissions"],
            json!([{ "account": "acme+ci", "kind": "ROBOT", "role": "WRITE" }])
        );
        let list = "{ organizations { totalCount nodes { name repositoryCount robotCount memberCount } } \
             namespace(name: \"acme\") { robots { totalCount nodes { name repositoryCount } } } }";
        let data = ask(t, &ann, list, json!({})).await.data();
        assert_eq!(
            data["organizations"]["nodes"],
            json!([{ "name": "acme", "repositoryCount": 1, "robotCount": 1, "memberCount": 1 }])
        );
        assert_eq!(
            data["namespace"]["robots"]["nodes"][0]["repositoryCount"],
            1
        );
        let delete =
            "mutation ($ids: [ID!]!) { deleteRobots(input: { ids: $ids }) { deletedIds } }";
        let data = ask(t, &ann, delete, json!({ "ids": [robot["id"]] }))
            .await
            .data();
        assert_eq!(data["deleteRobots"]["deletedIds"], json!([robot["id"]]));
    }
);

db_test!(
    async fn a_refused_selection_names_each_item_in_the_way(t: TestRegistry) {
        let (ann, bob) = (t.user("ann").await, t.user("bob").await);
        let id = async |actor, ns: &str| {
            let made = ask(t, actor, CREATE, json!({ "ns": ns, "n": "app" }))
                .await
                .data();
            made["createRepository"]["repository"]["id"].clone()
        };
        let (mine, theirs) = (id(&ann, "ann").await, id(&bob, "bob").await);
        let delete =
            "mutation ($ids: [ID!]!) { deleteRepositories(input: { ids: $ids }) { deletedIds } }";
        let refused = ask(t, &ann, delete, json!({ "ids": [mine, theirs] })).await;
        assert_eq!(refused.refused("code"), Some("NOT_FOUND"));
        let items = &refused.0["errors"][0]["extensions"]["detail"]["items"];
        assert_eq!(items[0]["index"], 1);
        assert_eq!(items[0]["reason"], "REPOSITORY_NOT_FOUND");
        let wrong = ask(t, &ann, delete, json!({ "ids": [mine, "x"] })).await;
        assert_eq!(wrong.refused("field"), Some("ids.1"));
        let change = "mutation ($ids: [ID!]!) { changeVisibility(input: { ids: $ids, visibility: PUBLIC }) \
             { repositories { visibility } } }";
        let data = ask(t, &ann, change, json!({ "ids": [mine] })).await.data();
        assert_eq!(
            data["changeVisibility"]["repositories"][0]["visibility"],
            "PUBLIC"
        );
        ask(t, &ann, delete, json!({ "ids": [mine] })).await.data();
        let gone = ask(
            t,
            &ann,
            "query ($id: ID!) { node(id: $id) { id } }",
            json!({ "id": mine }),
        )
        .await;
        assert_eq!(gone.data()["node"], Value::Null);
    }
);

db_test!(
    async fn tags_are_listed_by_push_found_by_text_and_deleted(t: TestRegistry) {
        let ann = t.user("ann").await;
        for (n, tag) in ["1.0", "1.1", "latest"].iter().enumerate() {
            t.clock.advance(std::time::Duration::from_secs(1));
            t.push(&ann, &format!("ann/app:{tag}"), &TestImage::new(n as u64))
                .await;
        }
        let query = "query ($s: String) { repository(namespace: \"ann\", name: \"app\") { id tagCount sizeBytes \
             tags(first: 10, filter: { search: $s }, orderBy: { field: PUSHED, direction: DESC }) \
             { totalCount nodes { name startedAt manifest { digest ... on ImageManifest { platform { label } } } } } } }";
        let data = ask(t, &ann, query, json!({ "s": "1." })).await.data();
        let tags = &data["repository"]["tags"];
        assert_eq!(
            (&tags["nodes"][0]["name"], &tags["totalCount"]),
            (&json!("1.1"), &json!(2))
        );
        assert_eq!(
            tags["nodes"][0]["manifest"]["platform"]["label"],
            "linux/amd64"
        );
        assert_eq!(data["repository"]["tagCount"], 3);
        let delete = "mutation ($id: ID!, $names: [String!]!) { deleteTags(input: { repository: $id, names: $names }) \
             { deletedNames repository { tagCount } } }";
        let id = &data["repository"]["id"];
        let absent = ask(
            t,
            &ann,
            delete,
            json!({ "id": id, "names": ["1.0", "2.0"] }),
        )
        .await;
        assert_eq!(absent.refused("reason"), Some("TAG_NOT_FOUND"));
        let data = ask(
            t,
            &ann,
            delete,
            json!({ "id": id, "names": ["1.0", "1.1"] }),
        )
        .await
        .data();
        assert_eq!(data["deleteTags"]["repository"]["tagCount"], 1);
    }
);

db_test!(
    async fn a_deletion_by_filter_is_undone_with_the_ids_that_it_gave(t: TestRegistry) {
        let ann = t.user("ann").await;
        for (n, tag) in (1..).zip(["pr-1", "pr-2", "latest"]) {
            t.push(&ann, &format!("ann/app:{tag}"), &TestImage::new(n))
                .await;
        }
        let find = "{ repository(namespace: \"ann\", name: \"app\") { id tagCount } }";
        let data = ask(t, &ann, find, Value::Null).await.data();
        let id = data["repository"]["id"].clone();
        let delete = "mutation ($in: DeleteTagsInput!) { deleteTags(input: $in) \
             { deletedNames deletedIds restorableUntil repository { tagCount } } }";
        for (input, field) in [
            (json!({ "repository": id }), "names"),
            (
                json!({ "repository": id, "names": ["pr-1"], "filter": {} }),
                "filter",
            ),
        ] {
            let unclear = ask(t, &ann, delete, json!({ "in": input })).await;
            assert_eq!(unclear.refused("code"), Some("INVALID_INPUT"));
            assert_eq!(unclear.refused("field"), Some(field));
        }
        let input = json!({ "repository": id, "filter": { "search": "pr-" } });
        let data = ask(t, &ann, delete, json!({ "in": input })).await.data();
        let deleted = &data["deleteTags"];
        assert_eq!(deleted["deletedNames"], json!(["pr-1", "pr-2"]));
        assert_eq!(deleted["repository"]["tagCount"], 1);
        assert!(deleted["restorableUntil"].is_string());
        let restore = "mutation ($id: ID!, $ids: [ID!]!) { restoreTags(input: { repository: $id, ids: $ids }) \
             { tags { name } repository { tagCount } } }";
        let undo = json!({ "id": id, "ids": deleted["deletedIds"] });
        let data = ask(t, &ann, restore, undo).await.data();
        assert_eq!(data["restoreTags"]["tags"][1]["name"], "pr-2");
        assert_eq!(data["restoreTags"]["repository"]["tagCount"], 3);
        let wrong = ask(t, &ann, restore, json!({ "id": id, "ids": [id] })).await;
        assert_eq!(wrong.refused("field"), Some("ids.0"));
    }
);

db_test!(
    async fn a_namespace_chooses_its_time_machine_and_goes_back_to_the_default(t: TestRegistry) {
        const UPDATE: &str = "mutation ($name: String!, $seconds: Int) { updateOrganization(input: \
             { name: $name, tagExpirationSeconds: $seconds }) { organization { tagExpirationSeconds } } }";
        let ann = t.user("ann").await;
        let make =
            "mutation { createOrganization(input: { name: \"acme\" }) { organization { id } } }";
        ask(t, &ann, make, json!({})).await.data();
        let offered = "{ registry { tagExpirationOptions } }";
        let data = ask(t, &ann, offered, json!({})).await.data();
        assert_eq!(
            data["registry"]["tagExpirationOptions"],
            json!([0, 86_400, 604_800, 1_209_600, 2_419_200])
        );
        for (seconds, is) in [(json!(86_400), 86_400), (json!(null), 1_209_600)] {
            let input = json!({ "name": "acme", "seconds": seconds });
            let data = ask(t, &ann, UPDATE, input).await.data();
            let organization = &data["updateOrganization"]["organization"];
            assert_eq!(organization["tagExpirationSeconds"], is);
        }
        let wrong = ask(t, &ann, UPDATE, json!({ "name": "acme", "seconds": 5 })).await;
        assert_eq!(wrong.refused("code"), Some("INVALID_INPUT"));
        assert_eq!(wrong.refused("field"), Some("tagExpirationSeconds"));
        // A user is no organization, and has the own account.
        let wrong = ask(t, &ann, UPDATE, json!({ "name": "ann", "seconds": 0 })).await;
        assert_eq!(wrong.refused("code"), Some("NOT_FOUND"));
        let own = "mutation { updateAccount(input: { tagExpirationSeconds: 0 }) { user { tagExpirationSeconds } } }";
        let data = ask(t, &ann, own, json!({})).await.data();
        assert_eq!(data["updateAccount"]["user"]["tagExpirationSeconds"], 0);
        let nobody = ask(t, &t.anonymous(), own, json!({})).await;
        assert_eq!(nobody.refused("code"), Some("UNAUTHENTICATED"));
        // Who does not belong to it is not told.
        t.push(&ann, "acme/app:1", &TestImage::new(1)).await;
        let publish = "mutation { changeVisibility(input: { filter: { search: \"app\" }, visibility: PUBLIC }) \
             { repositories { id } } }";
        ask(t, &ann, publish, json!({})).await.data();
        let bob = t.user("bob").await;
        let look = "{ namespace(name: \"acme\") { tagExpirationSeconds } }";
        let data = ask(t, &bob, look, json!({})).await.data();
        assert_eq!(data["namespace"], json!({ "tagExpirationSeconds": null }));
    }
);

db_test!(
    async fn organizations_are_deleted_all_or_none(t: TestRegistry) {
        const DELETE: &str =
            "mutation ($ids: [ID!]!) { deleteOrganizations(input: { ids: $ids }) { deletedIds } }";
        let ann = t.user("ann").await;
        let make =
            "mutation { createOrganization(input: { name: \"acme\" }) { organization { id } } }";
        let made = ask(t, &ann, make, json!({})).await.data();
        let id = &made["createOrganization"]["organization"]["id"];
        let data = ask(t, &ann, "{ viewer { user { id } } }", json!({}))
            .await
            .data();
        let user = &data["viewer"]["user"]["id"];
        let wrong = ask(t, &ann, DELETE, json!({ "ids": [id, user] })).await;
        assert_eq!(wrong.refused("field"), Some("ids.1"));
        let nobody = ask(t, &t.anonymous(), DELETE, json!({ "ids": [id] })).await;
        assert!(nobody.refused("code").is_some());
        let data = ask(t, &ann, DELETE, json!({ "ids": [id] })).await.data();
        assert_eq!(data["deleteOrganizations"]["deletedIds"], json!([id]));
        let look = "{ namespace(name: \"acme\") { id } organizations { totalCount } }";
        let data = ask(t, &ann, look, json!({})).await.data();
        assert_eq!(data["namespace"], json!(null));
        assert_eq!(data["organizations"]["totalCount"], 0);
    }
);

db_test!(
    async fn a_star_is_the_viewers_own_in_lists_and_pages(t: TestRegistry) {
        t.user("ann").await;
        let ann = t.session("ann").await.actor;
        let bob = t.user("bob").await;
        let mut ids = Vec::new();
        for n in 0..3 {
            let variables = json!({ "ns": "ann", "n": format!("app{n}") });
            let made = ask(t, &ann, CREATE, variables).await.data();
            ids.push(made["createRepository"]["repository"]["id"].clone());
        }
        let star = "mutation ($id: ID!) { starRepository(input: { id: $id }) { repository { name isStarred } } }";
        for id in &ids[1..] {
            let data = ask(t, &ann, star, json!({ "id": id })).await.data();
            assert_eq!(data["starRepository"]["repository"]["isStarred"], true);
        }
        let refused = ask(t, &bob, star, json!({ "id": ids[0] })).await;
        assert_eq!(refused.refused("code"), Some("FORBIDDEN"));
        let list = "query ($after: String) { viewer { starred(first: 1, after: $after) { totalCount \
             pageInfo { hasNextPage endCursor } nodes { name isStarred } } } repositories { nodes { isStarred } } }";
        let data = ask(t, &ann, list, json!({})).await.data();
        let page = &data["viewer"]["starred"];
        assert_eq!(
            (&page["totalCount"], &page["nodes"]),
            (&json!(2), &json!([{ "name": "app1", "isStarred": true }]))
        );
        let marked = [false, true, true].map(|is| json!({ "isStarred": is }));
        assert_eq!(data["repositories"]["nodes"], json!(marked));
        let after = json!({ "after": page["pageInfo"]["endCursor"] });
        let data = ask(t, &ann, list, after).await.data();
        let page = &data["viewer"]["starred"];
        assert_eq!(page["nodes"][0]["name"], "app2");
        assert_eq!(page["pageInfo"]["hasNextPage"], false);
        let narrowed = "query ($f: RepositoryFilter, $o: RepositoryOrder) { viewer { starred(first: 5, filter: $f, \
             orderBy: $o) { totalCount nodes { name } } } }";
        let variables = json!({ "f": { "search": "APP2" }, "o": null });
        let found = ask(t, &ann, narrowed, variables).await.data();
        assert_eq!(
            found["viewer"]["starred"],
            json!({ "totalCount": 1, "nodes": [{ "name": "app2" }] })
        );
        let variables = json!({ "f": {}, "o": { "field": "NAME", "direction": "DESC" } });
        let found = ask(t, &ann, narrowed, variables).await.data();
        assert_eq!(
            found["viewer"]["starred"]["nodes"],
            json!([{ "name": "app2" }, { "name": "app1" }])
        );
        let unstar = "mutation ($id: ID!) { unstarRepository(input: { id: $id }) { repository { isStarred } } }";
        let data = ask(t, &ann, unstar, json!({ "id": ids[1] })).await.data();
        assert_eq!(data["unstarRepository"]["repository"]["isStarred"], false);
        let data = ask(t, &ann, list, json!({})).await.data();
        assert_eq!(data["viewer"]["starred"]["totalCount"], 1);
    }
);
