//! Starts that fail: each names the key and says what to mend.

use std::fs;
use std::path::Path;

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

#[test]
fn what_cannot_be_reached_or_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("file"), b"no folder").unwrap();
    fs::write(path.join("text.db"), "no database ".repeat(1000)).unwrap();
    let bucket = "{a: [S3Storage, {s3_bucket: b, s3_access_key: k, s3_secret_key: hunter2, endpoint_url: 'http://127.0.0.1:1'}]}";
    for (variable, value, part) in [
        (
            "BERTH_DB_URI",
            "sqlite:///none/berth.db",
            "`DB_URI`: the folder `none` does not exist",
        ),
        (
            "BERTH_DB_URI",
            "sqlite:///file/berth.db",
            "`DB_URI`: the folder `file` does not exist",
        ),
        ("BERTH_DB_URI", "sqlite:///text.db", "`DB_URI`: "),
        (
            "BERTH_DB_URI",
            "postgresql://berth:hunter2@127.0.0.1:1/berth",
            "`DB_URI`: no connection to `postgresql://127.0.0.1/berth`",
        ),
        (
            "BERTH_DB_URI",
            "mysql://berth:hunter2@db/berth",
            "`DB_URI`: `mysql` databases are not supported",
        ),
        (
            "BERTH_DISTRIBUTED_STORAGE_CONFIG",
            "{a: [LocalStorage, {storage_path: none/deep}]}",
            "`DISTRIBUTED_STORAGE_CONFIG`: the folder above",
        ),
        (
            "BERTH_DISTRIBUTED_STORAGE_CONFIG",
            "{a: [LocalStorage, {storage_path: file}]}",
            "`DISTRIBUTED_STORAGE_CONFIG`: `file` cannot be used",
        ),
        (
            "BERTH_DISTRIBUTED_STORAGE_CONFIG",
            bucket,
            "`DISTRIBUTED_STORAGE_CONFIG`: `bucket b` cannot be used",
        ),
        (
            "BERTH_DISTRIBUTED_STORAGE_CONFIG",
            "{a: [TapeStorage, {}]}",
            "no storage driver is called `TapeStorage`",
        ),
    ] {
        let said = refusal(path, &[(variable, value), KEY]);
        assert!(said.contains(part), "{value}: {said}");
    }
    assert!(!path.join("none").exists());
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
