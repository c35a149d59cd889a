//! `berth user`.

use crate::server::{berth, run};

#[test]
fn a_user_is_created_once_and_its_password_can_be_set() {
    let folder = tempfile::tempdir().unwrap();
    let user = |words: &[&str], password: &str| {
        let mut command = berth(folder.path());
        run(
            command.arg("user").args(words).arg("--password-stdin"),
            password,
        )
    };
    let create = ["create", "ann", "--email", "ann@example.com", "--superuser"];
    let (output, said) = user(&create, "correct-horse-battery\n");
    assert!(output.status.success(), "{said}");
    let (output, said) = user(&["create", "ann"], "correct-horse-battery\n");
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("`ann`"), "{said}");
    let (output, said) = user(&["set-password", "ann"], "another-horse-battery");
    assert!(output.status.success(), "{said}");
    let (output, said) = user(&["set-password", "nobody"], "another-horse-battery");
    assert_eq!(output.status.code(), Some(1));
    assert!(said.contains("nobody"), "{said}");
    let (output, said) = user(&["set-password", "ann"], "short");
    assert_eq!(output.status.code(), Some(1));
    assert!(!said.contains("short\n"), "{said}");
}

#[test]
fn a_password_never_stands_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let (output, said) = run(berth(folder.path()).args(["user", "create", "ann"]), "");
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("--password-stdin"), "{said}");
}
