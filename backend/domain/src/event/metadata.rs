//! What a log row tells of an event beside who acted.

use serde_json::{Map, Value, json};

use super::{Event, Grantee, Invited, ServiceKeyChange};

impl Event {
    /// Under which key the metadata tell what the client called itself: the API spells it in three ways.
    pub const fn agent_key(&self) -> &'static str {
        match self {
            Self::LoginSucceeded { .. } | Self::LoginFailed { .. } => "useragent",
            Self::ServiceKeyChanged { .. } => "user_agent",
            _ => "user-agent",
        }
    }

    /// Whether the metadata tell the address of who acted, beside the row itself.
    pub const fn tells_address(&self) -> bool {
        matches!(self, Self::ServiceKeyChanged { .. })
    }

    /// The metadata of its log row, in the spelling of the REST API.
    pub fn metadata(&self) -> Value {
        let mut fields = match self {
            Self::UserCreated {
                username,
                email,
                by,
            } => match by {
                Some(by) => json!({ "username": username, "email": email, "superuser": by }),
                None => json!({ "username": username, "email": email }),
            },
            Self::PasswordReset { username, by }
            | Self::UserEnabled { username, by }
            | Self::UserDisabled { username, by } => {
                json!({ "username": username, "superuser": by })
            }
            Self::EmailChanged {
                username,
                email,
                old_email,
            } => json!({ "username": username, "email": email, "old_email": old_email }),
            Self::NamesChanged {
                given_name,
                family_name,
                company,
                location,
            } => {
                let told = [
                    ("given_name", given_name),
                    ("family_name", family_name),
                    ("company", company),
                    ("location", location),
                ];
                let told = told.into_iter();
                let told =
                    told.filter_map(|(key, text)| Some((key.to_owned(), json!(text.as_ref()?))));
                Value::Object(told.collect())
            }
            Self::UserRenamed {
                username,
                old_username,
            } => json!({ "username": username, "old_username": old_username }),
            Self::UserDeleted { username } => json!({ "username": username }),
            Self::AppTokenCreated { title, uuid }
            | Self::AppTokenRead { title, uuid }
            | Self::AppTokenRevoked { title, uuid } => {
                json!({ "app_specific_token_title": title, "app_specific_token": uuid })
            }
            Self::ApplicationCreated {
                application,
                client_id,
                fields,
            }
            | Self::ApplicationUpdated {
                application,
                client_id,
                fields,
            } => json!({
                "application_name": application,
                "client_id": client_id,
                "application_uri": fields.homepage,
                "description": fields.description,
                "avatar_email": fields.avatar_email,
                "redirect_uri": fields.redirect_prefix,
            }),
            Self::ApplicationDeleted {
                application,
                client_id,
            }
            | Self::ApplicationSecretReset {
                application,
                client_id,
            }
            | Self::ApplicationSecretRead {
                application,
                client_id,
            } => json!({ "application_name": application, "client_id": client_id }),
            Self::AuthorizationAssigned {
                by,
                user,
                application,
                client_id,
            } => json!({
                "assigning_user": by,
                "assigned_user": user,
                "application": application,
                "client_id": client_id,
            }),
            Self::AssignmentWithdrawn {
                user,
                application,
                client_id,
            }
            | Self::AssignmentDeclined {
                user,
                application,
                client_id,
            } => json!({
                "assigned_user": user,
                "application": application,
                "client_id": client_id,
            }),
            Self::AccessTokenCreated {
                uuid,
                scopes,
                name,
                application,
                client_id,
            }
            | Self::AccessTokenRevoked {
                uuid,
                scopes,
                name,
                application,
                client_id,
            } => json!({
                "oauth_token_uuid": uuid,
                "scope": scopes.as_str(),
                "token_display_name": name,
                "application_name": application,
                "client_id": client_id,
            }),
            Self::AuthorizationRevoked {
                uuid,
                scopes,
                application,
                client_id,
            } => json!({
                "oauth_token_uuid": uuid,
                "scope": scopes.as_str(),
                "application": application,
                "client_id": client_id,
            }),
            Self::OrganizationEmailChanged {
                namespace,
                email,
                old_email,
            } => json!({ "namespace": namespace, "email": email, "old_email": old_email }),
            Self::OrganizationCreated { namespace, email } => {
                json!({ "namespace": namespace, "email": email })
            }
            Self::TagExpirationChosen {
                namespace, seconds, ..
            } => json!({ "namespace": namespace, "tag_expiration": seconds }),
            Self::OrganizationRenamed {
                old_name,
                new_name,
                by,
            } => json!({ "old_name": old_name, "new_name": new_name, "superuser": by }),
            Self::OwnershipTaken {
                namespace,
                account,
                was_user,
                by,
            } => json!({
                "namespace": namespace, "entity_id": account, "was_user": was_user, "superuser": by,
            }),
            Self::OrganizationDeleted { namespace } => json!({ "namespace": namespace }),
            Self::TeamCreated { team }
            | Self::TeamDeleted { team }
            | Self::TeamPermissionRemoved { team, .. } => json!({ "team": team }),
            Self::TeamDescribed { team, description } => {
                json!({ "team": team, "description": description })
            }
            Self::TeamRoleChanged { team, role } => json!({ "team": team, "role": role }),
            Self::TeamMemberAdded { team, member } | Self::TeamMemberRemoved { team, member } => {
                json!({ "member": member, "team": team })
            }
            Self::TeamMemberInvited { team, who } | Self::TeamInvitationCancelled { team, who } => {
                let (key, name) = match who {
                    Invited::User(name) => ("user", name),
                    Invited::Address(email) => ("email", email),
                };
                json!({ key: name, "member": name, "team": team })
            }
            Self::TeamInvitationAccepted {
                team,
                member,
                inviter,
            }
            | Self::TeamInvitationDeclined {
                team,
                member,
                inviter,
            } => json!({ "member": member, "team": team, "inviter": inviter }),
            Self::DefaultPermissionCreated(fields)
            | Self::DefaultPermissionModified(fields)
            | Self::DefaultPermissionDeleted(fields) => {
                let (who, name) = match &fields.grantee {
                    Grantee::Account(name) => ("delegate_user", name.as_str()),
                    Grantee::Team(name) => ("delegate_team", name.as_str()),
                };
                json!({
                    "prototypeid": fields.uuid,
                    "activating_username": fields.creator,
                    "role": fields.role,
                    who: name,
                })
            }
            Self::ServiceKeyChanged {
                change,
                kid,
                service,
                name,
                expires_at,
                signer,
            } => json!({
                "kid": kid, "service": service, "name": name,
                "expiration_date": expires_at.map(|at| at.to_string()),
                // Made here and handed to its service, and let in by that; one that is rotated in stays here.
                "preshared": *change != ServiceKeyChange::Rotated,
                "auto_approved": matches!(change, ServiceKeyChange::Created | ServiceKeyChange::Rotated),
                "signer_kid": signer,
            }),
            Self::RobotCreated {
                robot,
                description,
                metadata,
            }
            | Self::RobotDescribed {
                robot,
                description,
                metadata,
            } => json!({
                "robot": robot.to_string(),
                "description": description,
                "unstructured_metadata": metadata,
            }),
            Self::RobotDeleted { robot }
            | Self::RobotTokenRegenerated { robot }
            | Self::RobotTokenRead { robot } => {
                json!({ "robot": robot.to_string() })
            }
            Self::VisibilityChanged { visibility, .. } => json!({ "visibility": visibility }),
            Self::StateChanged { state, .. } => json!({ "state_changed": state.in_capitals() }),
            Self::DescriptionChanged { description, .. } => json!({ "description": description }),
            Self::PermissionChanged { account, role, .. } => {
                json!({ "username": account, "role": role })
            }
            Self::PermissionRemoved { account, .. } => json!({ "username": account }),
            Self::TeamPermissionChanged { team, role, .. } => json!({ "team": team, "role": role }),
            Self::TagPushed {
                tag,
                digest,
                previous,
                media_type,
                ..
            } => json!({
                "tag": tag, "manifest_digest": digest, "original_manifest_digest": previous, "mediaType": media_type,
            }),
            Self::TagDeleted { tag, digest, .. } => match digest {
                Some(digest) => json!({ "tag": tag, "digest": digest }),
                None => json!({ "tag": tag }),
            },
            Self::TagRestored { tag, digest, .. } => {
                json!({ "tag": tag, "manifest_digest": digest })
            }
            Self::ManifestDeleted { digest, .. } => json!({ "manifest_digest": digest }),
            Self::ManifestPulled {
                tag,
                digest,
                media_type,
                ..
            } => match tag {
                Some(tag) => {
                    json!({ "tag": tag, "manifest_digest": digest, "mediaType": media_type })
                }
                None => json!({ "manifest_digest": digest, "mediaType": media_type }),
            },
            Self::LoginSucceeded { kind, how } => json!({ "type": how, "kind": kind }),
            Self::LoginFailed {
                kind,
                how,
                username,
                message,
            } => {
                let who = match *kind {
                    "robot" => "robot",
                    _ => "username",
                };
                json!({ "type": how, "kind": kind, who: username, "message": message })
            }
            Self::RepositoryCreated { .. }
            | Self::RepositoryDeleted { .. }
            | Self::PasswordChanged
            | Self::UserConverted
            | Self::ClientKeyGenerated
            | Self::LoggedOut => Value::Object(Map::new()),
        };
        if let (Some(path), Some(fields)) = (self.repository(), fields.as_object_mut()) {
            fields.insert("repo".into(), json!(path.name));
            fields.insert("namespace".into(), json!(path.namespace));
        }
        fields
    }
}
