//! `cargo xtask up --demo`: a small organization with images, through the server's own APIs.

mod image;

use std::net::SocketAddr;

use serde_json::{Value, json};

use crate::console::hex;
use crate::http::{self, Answer};
use crate::shell::Result;
use image::{Blob, Image};

const USER: &str = "admin";
const ORGANIZATION: &str = "acme";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// What the demo made.
#[derive(Debug)]
pub(crate) struct Demo {
    pub(crate) organization: &'static str,
    pub(crate) user: String,
    pub(crate) password: String,
}

/// Fills a registry that has no user yet.
pub(crate) fn fill(address: SocketAddr) -> Result<Demo> {
    let password = random_password()?;
    let body = json!({
        "username": USER,
        "password": password,
        "email": "admin@example.com",
        "access_token": true,
    });
    let answer = http::send(
        address,
        "POST",
        "/api/v1/user/initialize",
        &[JSON],
        body.to_string().as_bytes(),
    )?;
    if answer.status == 400 || answer.status == 404 {
        return Err("`--demo` fills a new registry only, and this one has users: start with an empty `--data`".to_owned());
    }
    let token = text(&answer.json()?, "/access_token")?;
    let demo = Filler {
        address,
        token,
        password: password.clone(),
    };
    demo.organization()?;
    demo.images()?;
    Ok(Demo {
        organization: ORGANIZATION,
        user: USER.to_owned(),
        password,
    })
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

struct Filler {
    address: SocketAddr,
    token: String,
    password: String,
}

impl Filler {
    fn organization(&self) -> Result<()> {
        self.mutate(
            "createOrganization",
            "CreateOrganizationInput",
            &json!({"name": ORGANIZATION, "email": "team@example.com"}),
            "organization { name }",
        )?;
        let repositories = [
            (
                "web/shop",
                "PUBLIC",
                "The shop, for **amd64** and **arm64**.",
            ),
            ("web/search", "PRIVATE", "Finds things in the shop."),
            ("base", "PUBLIC", "What the other images are built on."),
        ];
        for (name, visibility, description) in repositories {
            let input = json!({"namespace": ORGANIZATION, "name": name, "visibility": visibility, "description": description});
            self.mutate(
                "createRepository",
                "CreateRepositoryInput",
                &input,
                "repository { id }",
            )?;
        }
        let robot = json!({"namespace": ORGANIZATION, "shortName": "ci", "description": "Pushes what the pipeline built."});
        self.mutate("createRobot", "CreateRobotInput", &robot, "robot { name }")
    }

    fn images(&self) -> Result<()> {
        let (shop, search, base) = ("acme/web/shop", "acme/web/search", "acme/base");
        for version in ["12.0", "12.1"] {
            let manifest = self.image(base, &Image::new("base", version, "amd64"))?;
            self.manifest(base, version, &manifest)?;
        }
        for version in ["1.0.0", "1.1.0", "1.2.0"] {
            let mut children = Vec::new();
            for architecture in ["amd64", "arm64"] {
                let manifest = self.image(shop, &Image::new("shop", version, architecture))?;
                self.manifest(shop, &manifest.digest, &manifest)?;
                children.push(json!({
                    "mediaType": image::MANIFEST, "digest": manifest.digest, "size": manifest.bytes.len(),
                    "platform": {"os": "linux", "architecture": architecture},
                }));
            }
            let index =
                json!({"schemaVersion": 2, "mediaType": image::INDEX, "manifests": children});
            let index = Blob::new(image::INDEX, index.to_string().into_bytes());
            self.manifest(shop, version, &index)?;
            self.manifest(shop, "latest", &index)?;
            self.bill_of_materials(shop, &index)?;
        }
        let manifest = self.image(search, &Image::new("search", "0.9", "amd64"))?;
        self.manifest(search, "0.9", &manifest)?;
        self.manifest(search, "main", &manifest)
    }

    /// Pushes layers and configuration; the manifest is the caller's to name.
    fn image(&self, repository: &str, image: &Image) -> Result<Blob> {
        for blob in image.layers.iter().chain([&image.config]) {
            self.blob(repository, blob)?;
        }
        Ok(image.manifest())
    }

    /// Attaches an SPDX document to a manifest.
    fn bill_of_materials(&self, repository: &str, subject: &Blob) -> Result<()> {
        let spdx = "application/spdx+json";
        let document = Blob::new(
            spdx,
            json!({"spdxVersion": "SPDX-2.3", "name": repository})
                .to_string()
                .into_bytes(),
        );
        let empty = Blob::new(EMPTY, b"{}".to_vec());
        self.blob(repository, &document)?;
        self.blob(repository, &empty)?;
        let manifest = json!({
            "schemaVersion": 2, "mediaType": image::MANIFEST, "artifactType": spdx,
            "config": empty.descriptor(), "layers": [document.descriptor()],
            "subject": subject.descriptor(),
        });
        let manifest = Blob::new(image::MANIFEST, manifest.to_string().into_bytes());
        self.manifest(repository, &manifest.digest, &manifest)
    }

    fn blob(&self, repository: &str, blob: &Blob) -> Result<()> {
        let path = format!("/v2/{repository}/blobs/uploads/?digest={}", blob.digest);
        self.push(
            repository,
            "POST",
            &path,
            "application/octet-stream",
            &blob.bytes,
        )
    }

    fn manifest(&self, repository: &str, reference: &str, manifest: &Blob) -> Result<()> {
        let path = format!("/v2/{repository}/manifests/{reference}");
        self.push(
            repository,
            "PUT",
            &path,
            manifest.media_type,
            &manifest.bytes,
        )
    }

    fn push(
        &self,
        repository: &str,
        method: &str,
        path: &str,
        media_type: &str,
        body: &[u8],
    ) -> Result<()> {
        let bearer = format!("Bearer {}", self.registry_token(repository)?);
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", media_type),
        ];
        let answer = http::send(self.address, method, path, &headers, body)?;
        if answer.status == 201 {
            Ok(())
        } else {
            Err(refusal(&format!("{method} {path}"), &answer))
        }
    }

    /// A registry token, from where the challenge says that they are given out.
    fn registry_token(&self, repository: &str) -> Result<String> {
        let challenge = http::get(self.address, "/v2/")?;
        let challenge = challenge.header("www-authenticate").unwrap_or_default();
        let service = challenge
            .split("service=\"")
            .nth(1)
            .and_then(|rest| rest.split('"').next());
        let service = service.ok_or("`/v2/` did not answer with a challenge")?;
        let path = format!("/v2/auth?service={service}&scope=repository:{repository}:pull,push");
        let basic = format!(
            "Basic {}",
            base64(format!("{USER}:{}", self.password).as_bytes())
        );
        let answer = http::send(
            self.address,
            "GET",
            &path,
            &[("Authorization", &basic)],
            &[],
        )?;
        text(&answer.json()?, "/token")
    }

    fn mutate(&self, name: &str, input_type: &str, input: &Value, selection: &str) -> Result<()> {
        let query = format!(
            "mutation($input: {input_type}!) {{ {name}(input: $input) {{ {selection} }} }}"
        );
        let body = json!({"query": query, "variables": {"input": input}}).to_string();
        let bearer = format!("Bearer {}", self.token);
        let answer = http::send(
            self.address,
            "POST",
            "/graphql",
            &[JSON, ("Authorization", &bearer)],
            body.as_bytes(),
        )?;
        let said = answer.json()?;
        match said.get("errors") {
            None => Ok(()),
            Some(errors) => Err(format!("{name}: {errors}")),
        }
    }
}

fn refusal(what: &str, answer: &Answer) -> String {
    format!(
        "{what}: status {}: {}",
        answer.status,
        String::from_utf8_lossy(&answer.body)
    )
}

fn text(value: &Value, pointer: &str) -> Result<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found
        .map(str::to_owned)
        .ok_or(format!("no `{pointer}` in {value}"))
}

fn random_password() -> Result<String> {
    use std::io::Read;
    let mut bytes = [0; 9];
    let read = std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    read.map_err(|error| format!("no random bytes: {error}"))?;
    Ok(hex(&bytes))
}

/// Standard Base64 with padding, for one header.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let mut group = [0; 3];
        group[..chunk.len()].copy_from_slice(chunk);
        let [a, b, c] = group.map(usize::from);
        let digits = [
            a >> 2,
            (a & 3) << 4 | b >> 4,
            (b & 15) << 2 | c >> 6,
            c & 63,
        ];
        for (position, digit) in digits.into_iter().enumerate() {
            text.push(if position <= chunk.len() {
                char::from(ALPHABET[digit])
            } else {
                '='
            });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_pads_what_is_no_multiple_of_three() {
        assert_eq!(base64(b"admin:pw"), "YWRtaW46cHc=");
        assert_eq!(base64(b"abc"), "YWJj");
        assert_eq!(base64(b"a"), "YQ==");
    }
}
