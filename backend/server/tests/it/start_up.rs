//! Starts that fail: each names the key and says what to mend.

use std::fs;
use std::path::Path;
use std::process::Command;

use berth_testkit::{Backend, TestDatabase};
use diesel::{Connection as _, RunQueryDsl as _};

use crate::server::{Server, berth, run};

const KEY: (&str, &str) = ("BERTH_DATABASE_SECRET_KEY", "a long random text");

/// What a start with these variables says; it must fail.
fn refusal(folder: &Path, variables: &[(&str, &str)]) -> String {
    let mut command = berth(folder);
    command
        .args(["serve", "--listen", "127.0.0.1:0"])
        .envs(variables.iter().copied());
    let (output, said) = run(&mut command, "");
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
    said
}

/// A start that must fail, and what it has to say: the key or option, what is wrong, what to mend.
type Case<'a> = (&'a str, &'a str, [&'a str; 3]);

fn check(folder: &Path, cases: &[Case<'_>]) {
    for (variable, value, parts) in cases {
        let said = refusal(folder, &[(variable, value), KEY]);
        for part in parts {
            assert!(said.contains(part), "{value}: no `{part}` in {said}");
        }
    }
}

#[test]
fn what_cannot_be_reached_or_written_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("file"), b"no folder").unwrap();
    fs::write(path.join("text.db"), "no database ".repeat(1000)).unwrap();
    let bucket = "{a: [S3Storage, {s3_bucket: b, s3_access_key: k, s3_secret_key: hunter2, endpoint_url: 'http://127.0.0.1:1'}]}";
    let (db, storage) = ("BERTH_DB_URI", "BERTH_DISTRIBUTED_STORAGE_CONFIG");
    check(
        path,
        &[
            (
                db,
                "sqlite:///none/berth.db",
                [
                    "`DB_URI`: ",
                    "the folder `none` does not exist",
                    "hint: make the folder",
                ],
            ),
            (
                db,
                "sqlite:///file/berth.db",
                [
                    "`DB_URI`: ",
                    "the folder `file` does not exist",
                    "hint: make the folder",
                ],
            ),
            (
                db,
                "sqlite:///text.db",
                [
                    "`DB_URI`: ",
                    "`text.db` cannot be opened",
                    "hint: check that it is a SQLite database",
                ],
            ),
            (
                db,
                "postgresql://berth:hunter2@127.0.0.1:1/berth",
                [
                    "`DB_URI`: ",
                    "no connection to `postgresql://127.0.0.1/berth`",
                    "hint: check host and port",
                ],
            ),
            (
                db,
                "postgresql://berth:hunter2@no-such-host.invalid/berth",
                [
                    "`DB_URI`: ",
                    "no connection to `postgresql://no-such-host.invalid/berth`",
                    "hint: correct the host",
                ],
            ),
            (
                db,
                "mysql://berth:hunter2@db/berth",
                [
                    "`DB_URI`: ",
                    "`mysql` databases are not supported",
                    "expected `postgresql://…`",
                ],
            ),
            (
                db,
                "postgresql://berth:hunter2@db/berth?sslmode=full",
                [
                    "`DB_URI`: ",
                    "`sslmode` is `full`",
                    "expected disable, prefer",
                ],
            ),
            (
                db,
                "postgresql://berth:hunter2@127.0.0.1:1/berth?sslrootcert=file",
                [
                    "`DB_URI`: ",
                    "`file`, holds no certificate",
                    "hint: name a file",
                ],
            ),
            (
                storage,
                "{a: [LocalStorage, {storage_path: none/deep}]}",
                [
                    "`DISTRIBUTED_STORAGE_CONFIG`: ",
                    "the folder above",
                    "hint: make the folder",
                ],
            ),
            (
                storage,
                "{a: [LocalStorage, {storage_path: file}]}",
                [
                    "`DISTRIBUTED_STORAGE_CONFIG`: ",
                    "`file` cannot be used",
                    "hint: the folder must be writable",
                ],
            ),
            (
                storage,
                bucket,
                [
                    "`DISTRIBUTED_STORAGE_CONFIG`: ",
                    "`bucket b` cannot be used",
                    "hint: check endpoint",
                ],
            ),
            (
                storage,
                "{a: [TapeStorage, {}]}",
                [
                    "`DISTRIBUTED_STORAGE_CONFIG`: ",
                    "no storage driver is called `TapeStorage`",
                    "expected LocalStorage",
                ],
            ),
        ],
    );
    assert!(!path.join("none").exists());
}

#[test]
fn a_bucket_that_is_not_there_or_not_ours_is_named_with_the_way_out() {
    let variable = |name: &str| std::env::var(format!("BERTH_TEST_S3_{name}"));
    let Ok(endpoint) = variable("ENDPOINT") else {
        return;
    };
    let (bucket, access, secret) = (
        variable("BUCKET"),
        variable("ACCESS_KEY"),
        variable("SECRET_KEY"),
    );
    let (bucket, access, secret) = (bucket.unwrap(), access.unwrap(), secret.unwrap());
    let place = |bucket: &str, access: &str, secret: &str| {
        format!(
            "{{a: [S3Storage, {{s3_bucket: {bucket}, s3_access_key: {access}, s3_secret_key: {secret}, endpoint_url: '{endpoint}'}}]}}"
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let parts = |what| {
        [
            "`DISTRIBUTED_STORAGE_CONFIG`: ",
            what,
            "hint: check endpoint, region, keys and that the bucket exists",
        ]
    };
    let storage = "BERTH_DISTRIBUTED_STORAGE_CONFIG";
    check(
        folder.path(),
        &[
            (
                storage,
                &place("no-such-bucket", &access, &secret),
                parts("NoSuchBucket"),
            ),
            (
                storage,
                &place(&bucket, &access, "hunter2hunter2"),
                parts("SignatureDoesNotMatch"),
            ),
            (
                storage,
                &place(&bucket, "nobody", &secret),
                parts("`bucket "),
            ),
        ],
    );
}

/// A URL of the test server with another user, database and parameters.
fn postgres(user: &str, database: &str, parameters: &str) -> Option<String> {
    let mut url: url::Url = std::env::var("BERTH_TEST_POSTGRES_URL")
        .ok()?
        .parse()
        .expect("a URL");
    let (name, password) = user.split_once(':').unwrap_or((user, ""));
    url.set_username(name).expect("a user");
    url.set_password(Some(password).filter(|password| !password.is_empty()))
        .expect("a password");
    url.set_path(database);
    url.set_query(Some(parameters));
    Some(url.into())
}

#[test]
fn a_server_that_refuses_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    for (user, database, parameters, what, mend) in [
        (
            "postgres",
            "no_such_database",
            "",
            "does not exist",
            "hint: correct the database's name",
        ),
        (
            "nobody:hunter2",
            "postgres",
            "",
            "does not exist",
            "hint: correct the user",
        ),
        (
            "postgres",
            "template1",
            "",
            "the database is empty",
            "hint: check that it is the right one, then run `berth migrate`",
        ),
    ] {
        let Some(url) = postgres(user, database, parameters) else {
            return;
        };
        check(
            folder.path(),
            &[("BERTH_DB_URI", &url, ["`DB_URI`: ", what, mend])],
        );
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing is made"
    );
}

/// The server of `cargo xtask test` has TLS, and asks users whose names begin with `locked` for a password.
#[test]
fn a_wrong_password_and_a_wrong_certificate_are_named_with_the_way_out() {
    if std::env::var_os("BERTH_TEST_POSTGRES_CA").is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for (user, parameters, what, mend) in [
        (
            "locked:hunter2",
            "",
            "password authentication failed",
            "hint: correct user and password",
        ),
        (
            "locked",
            "",
            "password missing",
            "hint: the server wants a password",
        ),
        (
            "locked_tls:hunter2",
            "sslmode=disable",
            "no encryption",
            "hint: the server takes this user by TLS only",
        ),
        (
            "postgres",
            "sslmode=verify-full",
            "certificate",
            "hint: name the file of the authority",
        ),
    ] {
        let url = postgres(user, "postgres", parameters).expect("a server");
        check(
            folder.path(),
            &[("BERTH_DB_URI", &url, ["`DB_URI`: ", what, mend])],
        );
    }
}

/// A folder that root too can be kept from writing to; none where this user may not mount anything.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn new(folder: &Path, options: &str) -> Option<Self> {
        fs::create_dir(folder).expect("the folder is new");
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(folder)
            .output();
        if mount.is_ok_and(|mount| mount.status.success()) {
            return Some(Self(folder.to_owned()));
        }
        eprintln!("skipped: only root may mount a small disk");
        None
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    for (size, subject) in [
        ("size=0,nr_inodes=2", "--data"),
        ("size=64k", "--data"),
        ("size=16m", "--data"),
    ] {
        let disk = folder.path().join(size);
        let Some(_mounted) = Mounted::new(&disk, size.trim_start_matches("size=0,")) else {
            return;
        };
        let said = refusal(folder.path(), &[("BERTH_DATA", disk.to_str().unwrap())]);
        assert!(said.contains(&format!("`{subject}`: ")), "{size}: {said}");
        assert!(
            said.contains("hint: ") && said.contains("room"),
            "{size}: {said}"
        );
    }
    let storage = folder.path().join("storage");
    let Some(_mounted) = Mounted::new(&storage, "size=16m") else {
        return;
    };
    let place = format!(
        "{{a: [LocalStorage, {{storage_path: {}/blobs}}]}}",
        storage.display()
    );
    let parts = [
        "`DISTRIBUTED_STORAGE_CONFIG`: ",
        "cannot be used",
        "hint: the folder must be writable for this user and have room",
    ];
    check(
        folder.path(),
        &[("BERTH_DISTRIBUTED_STORAGE_CONFIG", &place, parts)],
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("read-only");
    let Some(_mounted) = Mounted::new(&data, "ro") else {
        return;
    };
    let name = data.to_str().unwrap();
    let said = refusal(folder.path(), &[("BERTH_DATA", name)]);
    assert!(
        said.contains("`--data`: ") && said.contains("hint: name a folder"),
        "{said}"
    );
    let uri = format!("sqlite:///{name}/berth.db");
    let place = format!("{{a: [LocalStorage, {{storage_path: {name}/blobs}}]}}");
    check(
        folder.path(),
        &[
            (
                "BERTH_DB_URI",
                &uri,
                ["`DB_URI`: ", "Read-only file system", "hint: name a folder"],
            ),
            (
                "BERTH_DISTRIBUTED_STORAGE_CONFIG",
                &place,
                [
                    "`DISTRIBUTED_STORAGE_CONFIG`: ",
                    "Read-only file system",
                    "hint: the folder must be writable",
                ],
            ),
        ],
    );
}

const NEWER: &str = "insert into __diesel_schema_migrations (version) values ('99990101000000')";

#[test]
fn a_database_of_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::start(&mut berth(folder.path())));
    let file = folder.path().join("data/berth.db");
    let mut rows = diesel::SqliteConnection::establish(file.to_str().unwrap()).unwrap();
    diesel::sql_query(NEWER).execute(&mut rows).unwrap();
    let said = refusal(folder.path(), &[]);
    assert!(
        said.contains("`--data`: the database was made by a newer version"),
        "{said}"
    );
    assert!(
        said.contains("hint: start that version, or restore the backup"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_database_of_a_newer_version_is_refused() {
    let Some(database) = TestDatabase::new(Backend::Postgres).await else {
        return;
    };
    let url = database.postgres_url().expect("a server");
    let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client.batch_execute(NEWER).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let parts = [
        "`DB_URI`: ",
        "newer version of berth",
        "hint: start that version",
    ];
    check(folder.path(), &[("BERTH_DB_URI", &url, parts)]);
    database.close().await;
}

#[test]
fn a_data_folder_serves_one_process() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut berth(folder.path()));
    let said = refusal(folder.path(), &[]);
    assert!(
        said.contains("`--data`: the folder `data` is in use by another berth (process "),
        "{said}"
    );
    assert!(said.contains("hint: stop that process"), "{said}");
    for command in ["worker", "migrate"] {
        let (output, said) = run(berth(folder.path()).arg(command), "");
        assert_eq!(output.status.code(), Some(1));
        assert!(
            said.contains("in use by another berth"),
            "{command}: {said}"
        );
    }
    let mut user = berth(folder.path());
    let (output, said) = run(
        user.args(["user", "create", "ann", "--password-stdin"]),
        "correct-horse-battery",
    );
    assert!(
        output.status.success(),
        "a way in beside a running server: {said}"
    );
    drop(server);
    // Killed, not ended in order: the system has taken the lock back all the same.
    drop(Server::start(&mut berth(folder.path())));
}

#[cfg(unix)]
#[test]
fn what_an_embedded_registry_keeps_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let _server = Server::start(&mut berth(folder.path()));
    let mode = |name: &str| {
        fs::metadata(folder.path().join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("data"), 0o700);
    for file in [
        "berth.db",
        "berth.db-wal",
        "berth.db-shm",
        "berth.db.lock",
        "secret.key",
    ] {
        assert_eq!(mode(&format!("data/{file}")), 0o600, "{file}");
    }
}

#[test]
fn blobs_without_their_database_do_not_get_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    drop(Server::start(&mut berth(path)));
    fs::create_dir_all(path.join("data/storage/ab")).unwrap();
    fs::write(path.join("data/storage/ab/blob"), b"bytes").unwrap();
    for file in ["berth.db", "berth.db-wal", "berth.db-shm"] {
        let _ = fs::rename(path.join("data").join(file), path.join(file));
    }
    let said = refusal(path, &[]);
    assert!(
        said.contains(
            "`--data`: there are blobs in `data/storage`, but no database at `data/berth.db`"
        ),
        "{said}"
    );
    assert!(
        said.contains("hint: correct the path, or bring the database back"),
        "{said}"
    );
    check(
        path,
        &[(
            "BERTH_DB_URI",
            "sqlite:///mistyped.db",
            [
                "`DB_URI`: there are blobs",
                "no database at `mistyped.db`",
                "hint: correct the path",
            ],
        )],
    );
    assert!(!path.join("data/berth.db").exists() && !path.join("mistyped.db").exists());
    for file in ["berth.db", "berth.db-wal", "berth.db-shm"] {
        let _ = fs::rename(path.join(file), path.join("data").join(file));
    }
    drop(Server::start(&mut berth(path)));
}

#[test]
fn a_data_folder_that_is_a_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data"), b"").unwrap();
    let said = refusal(folder.path(), &[]);
    assert!(said.contains("data") && said.contains("hint: "), "{said}");
}

#[test]
fn another_key_than_the_database_was_sealed_with_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Server::start(berth(folder.path()).env(KEY.0, KEY.1)));
    let said = refusal(folder.path(), &[(KEY.0, "another long random text")]);
    assert!(
        said.contains("`DATABASE_SECRET_KEY`: this is not the key"),
        "{said}"
    );
    let said = refusal(folder.path(), &[]);
    assert!(
        said.contains("`DATABASE_SECRET_KEY`: `data/berth.db` exists, but the key"),
        "{said}"
    );
}

#[test]
fn all_mistakes_of_a_file_are_listed_with_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("berth.yaml"),
        "FEATURE_PROXY_CACH: true\nMAIL_PORT: x\n",
    )
    .unwrap();
    for command in ["check-config", "serve"] {
        let (output, said) = run(
            berth(folder.path()).args([command, "--config", "berth.yaml"]),
            "",
        );
        assert_eq!(output.status.code(), Some(1));
        assert!(said.contains("berth.yaml:1: `FEATURE_PROXY_CACH`: no such key; the nearest known one is `FEATURE_PROXY_CACHE`"), "{said}");
        assert!(said.contains("berth.yaml:2: `MAIL_PORT`"), "{said}");
    }
}

#[test]
fn keys_without_effect_are_named_in_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = berth(folder.path());
    command
        .env("BERTH_BUILDLOGS_REDIS", "{host: redis}")
        .arg("migrate");
    let (output, said) = run(&mut command, "");
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("does not apply") && said.contains("BUILDLOGS_REDIS"),
        "{said}"
    );
}
