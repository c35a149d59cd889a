//! What a scenario works with: a registry of one shape, and ways to make accounts and repositories.

use std::sync::Arc;

use reqwest::Client;
use serde_json::json;

use crate::api::{self, GraphQl};
use crate::client::Sandbox;
use crate::deployment::{Deployment, Shape};
use crate::distribution::Distribution;
use crate::random;

/// Something that can sign in: a user, a robot, or `$oauthtoken` with its token.
#[derive(Debug, Clone)]
pub struct Account {
    /// Name to log in with.
    pub name: String,
    /// Password or token.
    pub password: String,
}

/// A registry with its first user, who administers it.
#[derive(Debug, Clone)]
pub struct World {
    deployment: Arc<Deployment>,
    /// The first user.
    pub admin: Account,
    /// GraphQL as the first user.
    pub graphql: GraphQl,
    /// Plain HTTP without credentials.
    pub http: Client,
    token: String,
}

/// An HTTP client that trusts the certificate in a file, or nothing but loopback plain text.
pub fn http_client(certificate: Option<&str>) -> Client {
    // Both installers may run first; the outcome is the same.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut client = Client::builder().no_proxy();
    if let Some(path) = certificate {
        let pem = std::fs::read(path).expect("the certificate can be read");
        let trusted = reqwest::Certificate::from_pem(&pem).expect("the certificate is PEM");
        client = client.tls_certs_only([trusted]);
    }
    client.build().expect("a plain client can be built")
}

impl World {
    /// Makes the first user of an empty registry.
    pub async fn set_up(deployment: Deployment) -> Self {
        let http = http_client(deployment.certificate());
        let url = deployment.url();
        let admin = Account {
            name: "admin".to_owned(),
            password: random::secret(),
        };
        let token = api::initialize(&http, &url, &admin.name, &admin.password).await;
        let graphql = GraphQl::new(http.clone(), &url, Some(token.clone()));
        Self {
            deployment: Arc::new(deployment),
            admin,
            graphql,
            http,
            token,
        }
    }

    /// An empty registry for this scenario alone, which may kill it.
    pub async fn of_its_own(shape: Shape) -> Self {
        Self::set_up(Deployment::start(shape).await).await
    }

    /// The processes, where no other scenario shares them.
    pub fn deployment_mut(&mut self) -> &mut Deployment {
        Arc::get_mut(&mut self.deployment).expect("a registry of its own is not shared")
    }

    /// The processes.
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The shape of the registry.
    pub fn shape(&self) -> Shape {
        self.deployment.shape()
    }

    /// Host and port, the first part of every image name.
    pub fn host(&self) -> String {
        self.deployment.host().to_string()
    }

    /// The base address.
    pub fn url(&self) -> String {
        self.deployment.url()
    }

    /// Base addresses of each process; two when scaled out.
    pub fn replicas(&self) -> Vec<String> {
        self.deployment
            .servers
            .iter()
            .map(crate::server::Server::url)
            .collect()
    }

    /// The first user's OAuth token as a client logs in with it.
    pub fn oauth_account(&self) -> Account {
        Account {
            name: "$oauthtoken".to_owned(),
            password: self.token.clone(),
        }
    }

    /// A new organization of the first user.
    pub async fn organization(&self) -> String {
        let name = random::name("org");
        let input = json!({"name": name, "email": format!("{name}@example.com")});
        self.graphql
            .mutate("createOrganization", input, "organization { id }")
            .await;
        name
    }

    /// A new user without any right.
    pub async fn user(&self) -> Account {
        let account = Account {
            name: random::name("user"),
            password: random::secret(),
        };
        let email = format!("{}@example.com", account.name);
        let arguments = [
            "user",
            "create",
            &account.name,
            "--email",
            &email,
            "--password-stdin",
        ];
        self.deployment
            .berth(&arguments, Some(&account.password))
            .await;
        account
    }

    /// A new robot of a namespace, without any right.
    pub async fn robot(&self, namespace: &str) -> Account {
        let input = json!({"namespace": namespace, "shortName": random::name("ci")});
        let made = self
            .graphql
            .mutate(
                "createRobot",
                input,
                "robot { credentials { username token } }",
            )
            .await;
        let text = |name: &str| {
            made["robot"]["credentials"][name]
                .as_str()
                .expect("its maker may see it")
                .to_owned()
        };
        Account {
            name: text("username"),
            password: text("token"),
        }
    }

    /// A new repository; returns its global id.
    pub async fn repository(&self, namespace: &str, name: &str, visibility: &str) -> String {
        let input = json!({"namespace": namespace, "name": name, "visibility": visibility});
        let made = self
            .graphql
            .mutate("createRepository", input, "repository { id }")
            .await;
        made["repository"]["id"]
            .as_str()
            .expect("it has an id")
            .to_owned()
    }

    /// Gives an account a role (`READ`, `WRITE`, `ADMIN`) in a repository.
    pub async fn grant(&self, repository_id: &str, account: &Account, role: &str) {
        let permissions = json!([{"account": account.name, "role": role}]);
        let input = json!({"repository": repository_id, "permissions": permissions});
        self.graphql
            .mutate("setPermissions", input, "repository { id }")
            .await;
    }

    /// Clients without any login.
    pub fn anonymous(&self) -> Sandbox {
        Sandbox::new(&self.host())
    }

    /// Clients that are logged in.
    pub fn client(&self, account: &Account) -> Sandbox {
        let sandbox = self.anonymous();
        sandbox.write_login(account);
        sandbox
    }

    /// The protocol by hand, for one repository.
    pub async fn distribution(&self, account: &Account, repository: &str) -> Distribution {
        self.mounting(account, repository, &[]).await
    }

    /// The protocol by hand, for one repository that may mount from others.
    pub async fn mounting(
        &self,
        account: &Account,
        repository: &str,
        sources: &[&str],
    ) -> Distribution {
        let http = self.http.clone();
        Distribution::new(http, &self.url(), Some(account), repository, sources).await
    }
}
