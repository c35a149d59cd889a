//! What a terminal would do: pull, push, sign in, and the files of a robot.

use crate::session::Registry;

/// What podman and skopeo are told of a registry that speaks plain HTTP.
fn without_tls(registry: &Registry) -> &'static str {
    if registry.is_plain_http() {
        " --tls-verify=false"
    } else {
        ""
    }
}

/// What helm and oras are told of it.
fn plain_http(registry: &Registry) -> &'static str {
    if registry.is_plain_http() {
        " --plain-http"
    } else {
        ""
    }
}

/// `podman pull …`; `reference` is `:tag` or `@digest`.
pub(crate) fn podman_pull(registry: &Registry, path: &str, reference: &str) -> String {
    let (insecure, host) = (without_tls(registry), registry.host());
    format!("podman pull{insecure} {host}/{path}{reference}")
}

/// `docker pull …`
pub(crate) fn docker_pull(registry: &Registry, path: &str, reference: &str) -> String {
    format!("docker pull {}/{path}{reference}", registry.host())
}

/// The three lines of a first push.
pub(crate) fn push(registry: &Registry, path: &str, user: &str) -> [String; 3] {
    let (insecure, host) = (without_tls(registry), registry.host());
    [
        format!("podman login{insecure} --username {user} {host}"),
        format!("podman tag localhost/my-image {host}/{path}:latest"),
        format!("podman push{insecure} {host}/{path}:latest"),
    ]
}

/// `podman login …` with a token.
pub(crate) fn podman_login(registry: &Registry, user: &str, token: &str) -> String {
    let (insecure, host) = (without_tls(registry), registry.host());
    format!("podman login{insecure} -u='{user}' -p='{token}' {host}")
}

/// `docker login …` with a token.
pub(crate) fn docker_login(registry: &Registry, user: &str, token: &str) -> String {
    format!("docker login -u='{user}' -p='{token}' {}", registry.host())
}

/// `helm registry login …` with a token.
pub(crate) fn helm_login(registry: &Registry, user: &str, token: &str) -> String {
    let (plain, host) = (plain_http(registry), registry.host());
    format!("helm registry login{plain} -u '{user}' -p '{token}' {host}")
}

/// `oras login …` with a token.
pub(crate) fn oras_login(registry: &Registry, user: &str, token: &str) -> String {
    let (plain, host) = (plain_http(registry), registry.host());
    format!("oras login{plain} -u '{user}' -p '{token}' {host}")
}

/// `skopeo login …` with a token.
pub(crate) fn skopeo_login(registry: &Registry, user: &str, token: &str) -> String {
    let (insecure, host) = (without_tls(registry), registry.host());
    format!("skopeo login{insecure} -u '{user}' -p '{token}' {host}")
}

/// `crane auth login …` with a token.
pub(crate) fn crane_login(registry: &Registry, user: &str, token: &str) -> String {
    format!(
        "crane auth login -u '{user}' -p '{token}' {}",
        registry.host()
    )
}

/// `~/.docker/config.json`, which podman, buildah, skopeo, crane, oras and cosign read too.
pub(crate) fn docker_config(registry: &Registry, user: &str, token: &str) -> String {
    let auth = base64(format!("{user}:{token}").as_bytes());
    format!(
        "{{\n  \"auths\": {{\n    \"{}\": {{\n      \"auth\": \"{auth}\"\n    }}\n  }}\n}}\n",
        registry.host()
    )
}

/// A Kubernetes pull secret.
pub(crate) fn kubernetes_secret(registry: &Registry, user: &str, token: &str) -> String {
    let config = base64(docker_config(registry, user, token).as_bytes());
    format!(
        "apiVersion: v1\nkind: Secret\nmetadata:\n  name: {}\ndata:\n  .dockerconfigjson: {config}\ntype: kubernetes.io/dockerconfigjson\n",
        secret_name(user)
    )
}

/// What the secret is called: an account's name with only what Kubernetes allows.
pub(crate) fn secret_name(user: &str) -> String {
    let plain: String = user
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    // `$app` begins with what no name may begin with.
    format!("{}-pull-secret", plain.trim_matches(['-', '.']))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group = chunk
            .iter()
            .fold(0_usize, |group, byte| group << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for i in 0..4 {
            out.push(if i <= chunk.len() {
                char::from(DIGITS[group >> (18 - 6 * i) & 63])
            } else {
                '='
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registry(scheme: &str) -> Registry {
        Registry {
            title: "Berth".into(),
            version: "1".into(),
            hostname: "registry.example.com".into(),
            scheme: scheme.into(),
            needs_setup: false,
            setup_needs_code: false,
            read_only: false,
            direct_login: true,
            sends_mail: false,
            sign_up: false,
            sign_up_by_invitation: false,
            keeps_accounts: true,
            app_tokens: true,
            user_names: false,
            user_rename: false,
            notes_last_use: false,
            messages: Vec::new(),
        }
    }

    #[test]
    fn base64_pads_as_the_standard_says() {
        for (plain, encoded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn podman_is_told_of_plain_http() {
        assert_eq!(
            podman_pull(&registry("https"), "acme/app", ":1"),
            "podman pull registry.example.com/acme/app:1"
        );
        assert_eq!(
            podman_pull(&registry("http"), "acme/app", "@sha256:00"),
            "podman pull --tls-verify=false registry.example.com/acme/app@sha256:00"
        );
    }

    #[test]
    fn each_client_signs_in_in_its_own_words() {
        let (open, plain) = (registry("https"), registry("http"));
        assert_eq!(
            oras_login(&open, "acme+ci", "t"),
            "oras login -u 'acme+ci' -p 't' registry.example.com"
        );
        assert_eq!(
            oras_login(&plain, "acme+ci", "t"),
            "oras login --plain-http -u 'acme+ci' -p 't' registry.example.com"
        );
        assert_eq!(
            skopeo_login(&plain, "acme+ci", "t"),
            "skopeo login --tls-verify=false -u 'acme+ci' -p 't' registry.example.com"
        );
        assert_eq!(
            crane_login(&open, "acme+ci", "t"),
            "crane auth login -u 'acme+ci' -p 't' registry.example.com"
        );
    }

    #[test]
    fn a_pull_secret_has_a_name_that_kubernetes_takes() {
        assert_eq!(secret_name("acme+ci_2"), "acme-ci-2-pull-secret");
        assert_eq!(secret_name("$app"), "app-pull-secret");
        let secret = kubernetes_secret(&registry("https"), "acme+ci", "token");
        assert!(
            secret.contains("kubernetes.io/dockerconfigjson"),
            "{secret}"
        );
    }
}
