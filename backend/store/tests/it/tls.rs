//! TLS to a real PostgreSQL whose certificate is for `localhost` and signed by the authority in the file that
//! `BERTH_TEST_POSTGRES_CA` names. Without the variable there is no such server to ask.

use berth_domain::{Error, Secret};
use berth_store::{Db, DbConfig, Refusal};

/// The server under a host and with parameters, where `{ca}` stands for the authority's file.
fn url(host: &str, parameters: &str) -> Option<String> {
    let ca = std::env::var("BERTH_TEST_POSTGRES_CA").ok()?;
    let url = std::env::var("BERTH_TEST_POSTGRES_URL").expect("both variables name one server");
    let url = url.replace("127.0.0.1", host);
    Some(format!("{url}?{}", parameters.replace("{ca}", &ca)))
}

async fn connect(url: String) -> Result<Db, (String, String)> {
    let config = DbConfig::Postgres {
        url: Secret::new(url),
        connections: 2,
    };
    Db::connect(&config).await.map_err(|error| match error {
        Error::Unavailable { source, .. } => {
            let refusal: &Refusal = source.downcast_ref().expect("a refusal");
            (refusal.to_string(), refusal.mend().to_owned())
        }
        other => panic!("{other:?}"),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mode_that_the_certificate_satisfies_connects() {
    for (host, parameters) in [
        ("127.0.0.1", ""),
        ("127.0.0.1", "sslmode=disable"),
        ("127.0.0.1", "sslmode=prefer"),
        ("127.0.0.1", "sslmode=require"),
        ("127.0.0.1", "sslmode=require&sslrootcert={ca}"),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert={ca}"),
        (
            "localhost",
            "sslmode=verify-full&sslrootcert={ca}&application_name=berth",
        ),
    ] {
        let Some(url) = url(host, parameters) else {
            return;
        };
        let db = connect(url)
            .await
            .unwrap_or_else(|refusal| panic!("{parameters}: {refusal:?}"));
        db.ping().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_certificate_does_not_satisfy_is_refused_with_the_way_out() {
    for (host, parameters, what, mend) in [
        (
            "127.0.0.1",
            "sslmode=verify-full&sslrootcert={ca}",
            "not valid for name",
            "`sslmode=verify-ca`",
        ),
        (
            "localhost",
            "sslmode=verify-full",
            "UnknownIssuer",
            "`sslrootcert=FILE`",
        ),
        (
            "localhost",
            "sslrootcert=system",
            "UnknownIssuer",
            "`sslrootcert=FILE`",
        ),
    ] {
        let Some(url) = url(host, parameters) else {
            return;
        };
        let Err(refusal) = connect(url).await else {
            panic!("{parameters}: connected");
        };
        assert!(refusal.0.contains(what), "{parameters}: {refusal:?}");
        assert!(refusal.1.contains(mend), "{parameters}: {refusal:?}");
    }
}
