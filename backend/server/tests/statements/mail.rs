//! What a registry does that sends mail: sign-ups that wait, lost passwords, and the queue itself.

use std::sync::Arc;

use berth_domain::Secret;
use berth_outbound::{SmtpConfig, SmtpMailer};
use berth_services::Origin;
use berth_services::authn::NewAccount;
use berth_testkit::PASSWORD;
use berth_testkit::smtp::SmtpReceiver;

use crate::registry::Registry;

/// Everything of this page, at a replica of its own; the others of this test send none.
pub(crate) async fn mail(r: &mut Registry) {
    let server = SmtpReceiver::start(None).await;
    let mailer = SmtpMailer::new(&SmtpConfig {
        server: server.address().ip().to_string(),
        port: server.address().port(),
        tls: false,
        authorities: None,
        credentials: None,
        sender: "Berth <registry@reg.test>".into(),
    });
    let settings = r.t.services.settings().clone();
    let services = r.t.mailing_replica(settings, Arc::new(mailer.unwrap()));
    let workers = services.workers();
    workers.prepare().await.unwrap();
    let authn = &services.authn;
    let new = NewAccount {
        username: "waiting".into(),
        password: Secret::from(PASSWORD),
        email: Some("waiting@users.test".into()),
    };
    let signed_up = authn.sign_up(new, Origin::default());
    Box::pin(r.measure("a sign-up that mails", signed_up))
        .await
        .unwrap();
    let (known, origin) = ("user-5@users.test".parse().unwrap(), Origin::default());
    let asked = authn.request_recovery(&known, &origin);
    r.measure("a request for a lost password", asked)
        .await
        .unwrap();
    let run = workers.run_kind_if_due("mail");
    assert!(r.measure("mail, two of them", run).await.unwrap());
    let code = |to: &str| {
        let mails = server.mails().into_iter();
        let mut to_them = mails.filter(|mail| mail.to == [to]);
        to_them.next().unwrap().code().unwrap()
    };
    let confirming = code("waiting@users.test");
    let confirmed = authn.confirm_email(&confirming, Origin::default());
    Box::pin(r.measure("a confirmed address", confirmed))
        .await
        .unwrap();
    let (recovering, password) = (code("user-5@users.test"), Secret::from(PASSWORD));
    let recovered = authn.recover_account(&recovering, &password, Origin::default());
    Box::pin(r.measure("a recovered account", recovered))
        .await
        .unwrap();
}
