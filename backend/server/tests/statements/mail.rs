//! What a registry does that sends mail: sign-ups that wait, lost passwords, and the queue itself.

use std::sync::Arc;
use std::time::Duration;

use berth_domain::Secret;
use berth_outbound::{SmtpConfig, SmtpMailer};
use berth_services::authn::NewAccount;
use berth_services::teams::{InvitationKey, TeamKey};
use berth_services::{Origin, Services};
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
        invite_code: None,
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
    Box::pin(invitations(r, &services, &server)).await;
}

/// Asking into a team, and the answers.
async fn invitations(r: &mut Registry, services: &Services, server: &SmtpReceiver) {
    let acme = "acme".parse().unwrap();
    let key = TeamKey::Name {
        organization: &acme,
        team: "crew10002",
    };
    let (ann, teams, workers) = (r.ann.clone(), &services.teams, services.workers());
    for what in ["an invitation of a user", "an invitation of a user, again"] {
        let invited = teams.add_member(&ann, key, "waiting");
        let (_, invited) = Box::pin(r.measure(what, invited)).await.unwrap();
        assert!(invited.invitation.is_some());
    }
    let invited = teams.invite_by_email(&ann, key, "new@users.test");
    Box::pin(r.measure("an invitation of an address", invited))
        .await
        .unwrap();
    r.t.clock.advance(Duration::from_secs(10));
    let run = workers.run_kind_if_due("mail");
    assert!(r.measure("mail, two invitations", run).await.unwrap());
    let password = Secret::from(PASSWORD);
    let session = services
        .authn
        .sign_in("waiting", &password, Origin::default());
    let user = session.await.unwrap().actor;
    let code = |to: &str| {
        let mails = server.mails().into_iter();
        let mut to_them = mails.filter(|mail| mail.to == [to]);
        to_them.next_back().unwrap().code().unwrap()
    };
    let mailed = code("waiting@users.test");
    let shown = teams.invitation(&user, &mailed);
    r.measure("a look at an invitation", shown).await.unwrap();
    let declined = teams.decline_invitation(&user, &mailed);
    Box::pin(r.measure("a declined invitation", declined))
        .await
        .unwrap();
    let mailed = code("new@users.test");
    let accepted = teams.accept_invitation(&user, &mailed);
    Box::pin(r.measure("an accepted invitation", accepted))
        .await
        .unwrap();
    teams
        .invite_by_email(&ann, key, "new@users.test")
        .await
        .unwrap();
    let email = InvitationKey::Email("new@users.test");
    let cancelled = teams.cancel_invitation(&ann, key, email);
    Box::pin(r.measure("a cancelled invitation", cancelled))
        .await
        .unwrap();
}
