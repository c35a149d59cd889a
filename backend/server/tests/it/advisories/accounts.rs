//! Accounts that nobody made, a set-up that somebody else does, guessed passwords.

use std::thread;

use berth_testkit::{Backend, PASSWORD};
use serde_json::json;

use super::{Browser, JSON, Site, basic, sign_in, site_test};

/// Runs a test against a registry without users, on each database.
fn on_empty(keys: &[(&str, &str)], check: impl Fn(&Site)) {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let Some(site) = Site::on(backend, &[], keys) else {
            continue;
        };
        check(&site);
        site.close();
    }
}

#[test]
fn an_empty_registry_lets_nobody_in() {
    on_empty(&[], |site| {
        for (name, passwords) in [
            ("admin", ["admin", "password"]),
            ("root", ["root", "toor"]),
            ("quay", ["quay", "password"]),
            ("berth", ["berth", "berth1234"]),
            ("postgres", ["postgres", ""]),
            ("", ["", "admin"]),
            ("$token", ["", "admin"]),
            ("$oauthtoken", ["", "admin"]),
            ("admin+ci", ["", "admin"]),
        ] {
            assert_eq!(
                site.try_password(name, passwords[0]),
                "UNAUTHENTICATED",
                "{name}"
            );
            let refused = [("Authorization", basic((name, passwords[1])))];
            let refused = refused.each_ref().map(|(name, value)| (*name, &**value));
            let answer = site.server.ask("GET", "/v2/auth", &refused, "");
            assert_eq!(answer.status, 401, "{name}: {answer:?}");
        }
    });
}

const SET_UP: &str = "mutation { initializeRegistry(input: { username: \"mallory\", \
     password: \"correct-horse-battery\" CODE }) { viewer { isSuperuser } } }";

#[test]
fn set_up_is_done_once_and_a_second_one_changes_nothing() {
    on_empty(&[("FEATURE_USER_INITIALIZE", "true")], |site| {
        let first = SET_UP.replace("mallory", "owner").replace("CODE", "");
        let answer = site.post(&[], &first);
        let owner = Browser::after(site, &answer);
        let user = json!({ "username": "mallory", "password": PASSWORD, "access_token": true });
        let by_api = || {
            let path = "/api/v1/user/initialize";
            site.server.ask("POST", path, &[JSON], &user.to_string())
        };
        let by_page = || site.post(&[], &SET_UP.replace("CODE", ""));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let refused = by_api();
                    assert_eq!(refused.status, 400, "{refused:?}");
                    assert!(!refused.body.contains("access_token"), "{refused:?}");
                });
                scope.spawn(|| {
                    let refused = by_page();
                    assert!(refused.headers("set-cookie").is_empty(), "{refused:?}");
                    assert_eq!(refused.json()["errors"].as_array().unwrap().len(), 1);
                });
            }
        });
        assert_eq!(site.try_password("mallory", PASSWORD), "UNAUTHENTICATED");
        assert_eq!(owner.viewer(), "owner");
    });
}

#[test]
fn set_up_off_loopback_is_for_who_reads_the_log() {
    on_empty(&[("LISTEN_ADDRESS", "0.0.0.0:0")], |site| {
        let needs = site.post(&[], "{ registry { needsSetup setupNeedsCode } }");
        let needed = json!({ "needsSetup": true, "setupNeedsCode": true });
        assert_eq!(needs.json()["data"]["registry"], needed);
        for (code, headers) in [
            ("", &[] as &[(&str, &str)]),
            (", setupCode: \"\"", &[]),
            (", setupCode: \"000000000000\"", &[]),
            (", setupCode: null", &[("X-Forwarded-For", "127.0.0.1")]),
            (", setupCode: \" \"", &[("X-Forwarded-Host", "localhost")]),
        ] {
            let refused = site.post(headers, &SET_UP.replace("CODE", code));
            assert!(refused.headers("set-cookie").is_empty(), "{refused:?}");
            let field = &refused.json()["errors"][0]["extensions"]["field"];
            assert_eq!(field, "setupCode", "{refused:?}");
        }
        let needs = site.post(&[], "{ registry { needsSetup setupNeedsCode } }");
        assert_eq!(needs.json()["data"]["registry"], needed);
    });
}

site_test!(
    fn guesses_count_wherever_they_are_made_and_whoever_they_say_they_are(site: Site) {
        let guess = |number: usize| {
            let (address, password) = (format!("10.0.0.{number}"), format!("guess {number}"));
            let basic = basic(("ann", &password));
            let headers = [
                ("X-Forwarded-For", address.as_str()),
                ("X-Real-IP", address.as_str()),
                ("Authorization", basic.as_str()),
            ];
            if number.is_multiple_of(2) {
                site.post(&headers[..2], &sign_in("ann", &password));
            } else {
                site.server.ask("GET", "/v2/auth", &headers, "");
            }
        };
        // A machine that is slow lets the first wait pass before it asks; then it guesses again.
        let waits = (0..4).any(|round| {
            (0..4).for_each(|n| guess(4 * round + n));
            site.try_password("ann", PASSWORD) == "RATE_LIMITED"
        });
        assert!(waits);
        assert_eq!(site.try_password("bob", PASSWORD), "bob");
    }
);
