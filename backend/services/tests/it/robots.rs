//! Robots where there are to be none (B5).

use std::time::Duration;

use berth_domain::{Error, Secret};
use berth_services::{Origin, Services, Settings};
use berth_testkit::db_test;

use super::people::{organization, robot};

const SERVICE: &str = "reg.test";
const OFF: &str = "Robot accounts have been disabled. Please contact your administrator.";

async fn login(services: &Services, name: &str, token: &Secret<String>) -> Result<(), Error> {
    let authn = &services.authn;
    let actor = authn.basic(name, token, Origin::default()).await?;
    assert_eq!(actor.name().as_deref(), Some(name));
    Ok(())
}

db_test!(
    async fn where_robots_are_switched_off_only_listed_ones_sign_in(t: TestRegistry) {
        let ann = t.user("ann").await;
        organization(t, &ann, "acme").await;
        let mut settings = Settings::default();
        settings.robots.disallowed = true;
        settings.robots.allowed_names = vec!["acme+listed".into()];
        let off = t.replica(settings);
        for (short, passes) in [("listed", true), ("other", false)] {
            let made = robot(t, &ann, "acme", short).await.id;
            let told = t.services.robots.credentials(&ann, made).await.unwrap();
            let name = format!("acme+{short}");
            login(&t.services, &name, &told.token).await.unwrap();
            // What it got while it might is worth nothing afterwards.
            let authn = &t.services.authn;
            let actor = authn.basic(&name, &told.token, Origin::default());
            let actor = actor.await.unwrap();
            let issued = authn.issue_registry_token(&actor, SERVICE, &[]);
            let issued = issued.await.unwrap().token;
            let by_token = off
                .authn
                .registry_token(&issued, SERVICE, Origin::default())
                .await;
            let by_name = login(&off, &name, &told.token).await;
            if passes {
                by_name.unwrap();
                assert_eq!(by_token.unwrap().name(), Some(name.clone()));
            } else {
                assert_eq!(by_name.unwrap_err().to_string(), OFF);
                let refused = by_token.unwrap_err();
                assert!(
                    matches!(refused, Error::Unauthenticated { .. }),
                    "{refused:?}"
                );
            }
            // A wrong token of a listed one is a wrong token, and of another one the same as a right one.
            let wrong = login(&off, &name, &Secret::from("WRONG")).await;
            let says = if passes {
                format!("Could not find robot with username: {name} and supplied password.")
            } else {
                OFF.to_owned()
            };
            assert_eq!(wrong.unwrap_err().to_string(), says);
            // Who was wrong waits a little.
            t.clock.advance(Duration::from_mins(1));
        }
        // Names that are on no list tell nothing of what there is.
        let unknown = login(&off, "acme+none", &Secret::from("WRONG")).await;
        assert_eq!(unknown.unwrap_err().to_string(), OFF);
        // And none is made, listed or not.
        let acme = "acme".parse().unwrap();
        let refused = off.robots.create(&ann, &acme, "listed2", "").await;
        assert_eq!(refused.unwrap_err().to_string(), OFF);
    }
);
