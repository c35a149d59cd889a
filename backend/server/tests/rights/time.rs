//! Time: what is hidden takes as long as what is absent, by the clock.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::StatusCode;
use berth_crypto::{Cost, Passwords, SealingKey};
use berth_domain::{Error, ManualClock, Secret, Timestamp, Visibility};
use berth_server::drain::Drain;
use berth_server::router::router;
use berth_services::{Actor, Origin, Parts, Services, Settings};
use berth_storage::Memory;
use berth_testkit::{Backend, PASSWORD, TestDatabase, path_of};
use serde_json::json;
use tower::ServiceExt as _;

use crate::ALONE;
use crate::caller::basic;
use crate::site::{HOST, Header, Request, built};

/// Each of two is asked for this often, by turns, so that both see the same noise of the machine.
const ROUNDS: usize = 150;
/// The same where each round is a password hash.
const ROUNDS_OF_LOGINS: usize = 20;
/// One median may be this many times the other, and [`FLOOR`] more.
const FACTOR: f64 = 1.15;
/// The same where each is a password hash, which differ among themselves; one more is twice as much.
const FACTOR_OF_LOGINS: f64 = 1.5;
/// What a request that takes next to nothing may take more.
const FLOOR: Duration = Duration::from_micros(25);
/// Noise may spoil a measurement, and not as often as this.
const TRIES: usize = 3;
/// Look-ups that a measurement must not miss.
const LOOK_UPS: usize = 12;

/// A server that hashes as in earnest.
struct Server {
    services: Services,
    router: Router,
    /// Asks from another address each time, so that no guess is slowed down.
    peers: u32,
    database: TestDatabase,
}

/// What is done beside a request, to see that the measure sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    Nothing,
    LookUps,
    Hash,
}

/// Two requests that must take as long as each other.
struct Pair {
    what: &'static str,
    hidden: (Request, Vec<Header>),
    absent: (Request, Vec<Header>),
    /// The status of both.
    status: StatusCode,
    rounds: usize,
    factor: f64,
    /// What would be seen.
    beside: Beside,
}

impl Server {
    async fn new() -> Self {
        let database = TestDatabase::new(Backend::Sqlite).await.unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp(1_790_000_000_000)));
        let services = Services::new(Parts {
            db: database.db.clone(),
            storage: Arc::new(Memory::with_clock(clock.clone())),
            passwords: Passwords::new(Cost::OWASP).unwrap(),
            sealing: SealingKey::from_secret("a-sealing-key-for-this-test").unwrap(),
            clock,
            mailer: None,
            settings: Settings::default(),
        });
        let router = router(&services, &[], "environment", &Drain::default()).unwrap();
        Self {
            services,
            router,
            peers: 0,
            database,
        }
    }

    async fn user(&self, name: &str) -> Actor {
        let authn = &self.services.authn;
        let password = Secret::from(PASSWORD);
        let local = authn.local();
        let made = authn.create_user(&local, name, None, &password, false);
        made.await.unwrap();
        authn
            .basic(name, &password, Origin::default())
            .await
            .unwrap()
    }

    /// Asks, and tells the status and how long it took until the last byte.
    async fn ask(
        &mut self,
        (request, credentials): &(Request, Vec<Header>),
        beside: Beside,
    ) -> (StatusCode, String, Duration) {
        self.peers += 1;
        let [_, a, b, c] = self.peers.to_be_bytes();
        let peer = SocketAddr::from(([10, a, b, c], 50_000));
        let request = built(request.clone(), credentials, peer);
        let started = Instant::now();
        match beside {
            Beside::Nothing => {}
            Beside::LookUps => {
                let nobody = self.services.authn.anonymous(Origin::default());
                let path = path_of("ann/absent");
                for _ in 0..LOOK_UPS {
                    let found = self.services.repositories.by_path(&nobody, &path).await;
                    assert!(found.is_err());
                }
            }
            Beside::Hash => {
                let wrong = Secret::from("not-the-password");
                let origin = Origin {
                    ip: Some([11, a, b, c].into()),
                    ..Origin::default()
                };
                let found = self.services.authn.basic("non", &wrong, origin).await;
                assert!(matches!(found, Err(Error::Unauthenticated { .. })));
            }
        }
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let took = started.elapsed();
        (
            parts.status,
            String::from_utf8_lossy(&body).into_owned(),
            took,
        )
    }

    /// The medians of what is hidden, of what is absent, and of what is absent with something beside it.
    async fn medians(&mut self, pair: &Pair) -> [Duration; 3] {
        let mut took = [Vec::new(), Vec::new(), Vec::new()];
        for round in 0..pair.rounds {
            // Who comes first is another one each time.
            for place in 0..took.len() {
                let which = (round + place) % took.len();
                let (asked, beside) = match which {
                    0 => (&pair.hidden, Beside::Nothing),
                    1 => (&pair.absent, Beside::Nothing),
                    _ => (&pair.absent, pair.beside),
                };
                let (status, body, time) = self.ask(asked, beside).await;
                assert_eq!(status, pair.status, "{}: {body}", pair.what);
                took[which].push(time);
            }
        }
        took.map(|mut times| {
            times.sort_unstable();
            times[times.len() / 2]
        })
    }
}

impl Pair {
    /// Whether nobody could tell two times apart.
    fn is_alike(&self, one: Duration, other: Duration) -> bool {
        one.max(other) <= one.min(other).mul_f64(self.factor) + FLOOR
    }

    /// Whether the hidden takes as long as the absent; a measure that would miss what must not be there has
    /// measured nothing.
    fn is_good(&self, [hidden, absent, more]: [Duration; 3]) -> bool {
        self.is_alike(hidden, absent)
            && [hidden, absent]
                .iter()
                .all(|time| more > *time && !self.is_alike(more, *time))
    }
}

/// What `bob` asks for that is `ann`'s, and that is nobody's.
async fn pairs(server: &mut Server) -> Vec<Pair> {
    let ann = server.user("ann").await;
    server.user("bob").await;
    let (namespace, name) = ("ann".parse().unwrap(), "hidden".parse().unwrap());
    let repositories = &server.services.repositories;
    let made = repositories.create(&ann, &namespace, &name, Visibility::Private, "");
    made.await.unwrap();
    let password = Secret::from(PASSWORD);
    let sign_in = server
        .services
        .authn
        .sign_in("bob", &password, Origin::default());
    let session = sign_in.await.unwrap();
    let session = vec![
        (
            "cookie",
            format!("berth_session={}", session.token.expose()),
        ),
        ("x-csrf-token", session.csrf),
    ];
    let scopes = ["hidden", "absent"].map(|name| format!("&scope=repository:ann/{name}:pull"));
    let path = format!("/v2/auth?service={HOST}{}", scopes.concat());
    let asked = (Request::new("GET", path), vec![basic("bob", PASSWORD)]);
    let (_, body, _) = server.ask(&asked, Beside::Nothing).await;
    let token: serde_json::Value = serde_json::from_str(&body).unwrap();
    let token = (
        "authorization",
        format!("Bearer {}", token["token"].as_str().unwrap()),
    );
    let of_v2 = |name| {
        let request = Request::new("GET", format!("/v2/ann/{name}/manifests/1"));
        (request, vec![token.clone()])
    };
    let of_rest = |name| {
        let request = Request::new("GET", format!("/api/v1/repository/ann/{name}"));
        (request, session.clone())
    };
    let of_graphql = |name| {
        let query = format!("{{ repository(namespace: \"ann\", name: \"{name}\") {{ id }} }}");
        let request = Request::new("POST", "/graphql").json(&json!({ "query": query }));
        (request, session.clone())
    };
    let login = |name| {
        let request = Request::new("GET", format!("/v2/auth?service={HOST}"));
        (request, vec![basic(name, "not-the-password")])
    };
    let pair = |what, hidden, absent, status| Pair {
        what,
        hidden,
        absent,
        status,
        rounds: ROUNDS,
        factor: FACTOR,
        beside: Beside::LookUps,
    };
    vec![
        pair(
            "/v2",
            of_v2("hidden"),
            of_v2("absent"),
            StatusCode::UNAUTHORIZED,
        ),
        pair(
            "REST",
            of_rest("hidden"),
            of_rest("absent"),
            StatusCode::FORBIDDEN,
        ),
        pair(
            "GraphQL",
            of_graphql("hidden"),
            of_graphql("absent"),
            StatusCode::OK,
        ),
        Pair {
            rounds: ROUNDS_OF_LOGINS,
            factor: FACTOR_OF_LOGINS,
            beside: Beside::Hash,
            ..pair(
                "a login",
                login("ann"),
                login("non"),
                StatusCode::UNAUTHORIZED,
            )
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_hidden_takes_as_long_as_what_is_absent_by_the_clock() {
    let _alone = ALONE.lock().await;
    let mut server = Server::new().await;
    for pair in pairs(&mut server).await {
        let mut seen = Vec::new();
        let mut is_good = false;
        for _ in 0..TRIES {
            let medians = server.medians(&pair).await;
            seen.push(medians);
            is_good = pair.is_good(medians);
            if is_good {
                break;
            }
        }
        assert!(
            is_good,
            "{}: medians of the hidden, of the absent, and of the absent with {:?}: {seen:?}",
            pair.what, pair.beside
        );
    }
    let Server {
        services, database, ..
    } = server;
    services.drain().await.unwrap();
    drop(services);
    database.close().await;
}
