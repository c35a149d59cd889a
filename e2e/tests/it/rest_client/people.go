package main

import (
	"restclient/client/appspecifictokens"
	"restclient/client/globalmessages"
	"restclient/client/organization"
	"restclient/client/organization_application_tokens"
	"restclient/client/superuser"
	"restclient/client/user"
	"restclient/models"
)

// users makes a user as a superuser does, finds it in the list, and deletes it.
func (r registry) users() (any, error) {
	name, email := r.name+"-ann", r.name+"-ann@example.com"
	new := superuser.NewCreateInstallUserParams().
		WithBody(&models.CreateInstallUser{Username: &name, Email: &email})
	made, err := r.api.Superuser.CreateInstallUser(new, nil)
	if err != nil {
		return nil, err
	}
	_, again := r.api.Superuser.CreateInstallUser(new, nil)
	_, narrow := r.narrow.Superuser.ListAllUsers(superuser.NewListAllUsersParams(), nil)
	list, err := r.api.Superuser.ListAllUsers(superuser.NewListAllUsersParams(), nil)
	if err != nil {
		return nil, err
	}
	_, err = r.api.Superuser.DeleteInstallUser(
		superuser.NewDeleteInstallUserParams().WithUsername(name), nil)
	if err != nil {
		return nil, err
	}
	_, gone := r.api.Superuser.GetInstallUser(
		superuser.NewGetInstallUserParams().WithUsername(name), nil)
	return map[string]any{
		"made": made.Payload, "again": told(again), "narrow": told(narrow),
		"list": list.Payload.Users, "gone": told(gone),
	}, nil
}

// applications makes an application and a token of it, changes it, and deletes both.
func (r registry) applications() (any, error) {
	name, redirect, homepage := "deployer", "https://deployer.test/", "https://deployer.test/about"
	made, err := r.api.Organization.CreateOrganizationApplication(
		organization.NewCreateOrganizationApplicationParams().WithOrgname(r.name).
			WithBody(&models.NewApp{Name: &name, RedirectURI: redirect}), nil)
	if err != nil {
		return nil, err
	}
	id := *made.Payload.ClientID
	changed, err := r.api.Organization.UpdateOrganizationApplication(
		organization.NewUpdateOrganizationApplicationParams().WithOrgname(r.name).WithClientID(id).
			WithBody(&models.UpdateApp{Name: &name, RedirectURI: &redirect, ApplicationURI: &homepage}), nil)
	if err != nil {
		return nil, err
	}
	scope, title := "repo:read", "nightly"
	token, err := r.api.OrganizationApplicationTokens.CreateOrganizationApplicationToken(
		organization_application_tokens.NewCreateOrganizationApplicationTokenParams().
			WithOrgname(r.name).WithClientID(id).
			WithBody(&models.CreateApplicationToken{Name: &title, Scope: &scope}), nil)
	if err != nil {
		return nil, err
	}
	tokens, err := r.api.OrganizationApplicationTokens.ListOrganizationApplicationTokens(
		organization_application_tokens.NewListOrganizationApplicationTokensParams().
			WithOrgname(r.name).WithClientID(id), nil)
	if err != nil {
		return nil, err
	}
	_, err = r.api.OrganizationApplicationTokens.DeleteOrganizationApplicationToken(
		organization_application_tokens.NewDeleteOrganizationApplicationTokenParams().
			WithOrgname(r.name).WithClientID(id).WithTokenUUID(*token.Payload.UUID), nil)
	if err != nil {
		return nil, err
	}
	list, err := r.api.Organization.GetOrganizationApplications(
		organization.NewGetOrganizationApplicationsParams().WithOrgname(r.name), nil)
	if err != nil {
		return nil, err
	}
	_, err = r.api.Organization.DeleteOrganizationApplication(
		organization.NewDeleteOrganizationApplicationParams().WithOrgname(r.name).WithClientID(id), nil)
	if err != nil {
		return nil, err
	}
	_, gone := r.api.Organization.GetOrganizationApplication(
		organization.NewGetOrganizationApplicationParams().WithOrgname(r.name).WithClientID(id), nil)
	return map[string]any{
		"made": made.Payload, "changed": changed.Payload, "token": token.Payload,
		"tokens": tokens.Payload.Tokens, "list": list.Payload.Applications, "gone": told(gone),
	}, nil
}

// appTokens makes a token for a client of the user, reads it again, and revokes it.
func (r registry) appTokens() (any, error) {
	title := "laptop"
	made, err := r.api.Appspecifictokens.CreateAppToken(
		appspecifictokens.NewCreateAppTokenParams().WithBody(&models.NewToken{Title: &title}), nil)
	if err != nil {
		return nil, err
	}
	id := *made.Payload.Token.UUID
	read, err := r.api.Appspecifictokens.GetAppToken(
		appspecifictokens.NewGetAppTokenParams().WithTokenUUID(id), nil)
	if err != nil {
		return nil, err
	}
	list, err := r.api.Appspecifictokens.ListAppTokens(appspecifictokens.NewListAppTokensParams(), nil)
	if err != nil {
		return nil, err
	}
	_, err = r.api.Appspecifictokens.RevokeAppToken(
		appspecifictokens.NewRevokeAppTokenParams().WithTokenUUID(id), nil)
	if err != nil {
		return nil, err
	}
	_, gone := r.api.Appspecifictokens.GetAppToken(
		appspecifictokens.NewGetAppTokenParams().WithTokenUUID(id), nil)
	same := made.Payload.Token.TokenCode != "" &&
		made.Payload.Token.TokenCode == read.Payload.Token.TokenCode
	return map[string]any{
		"title": read.Payload.Token.Title, "same": same,
		"list": list.Payload.Tokens, "gone": told(gone),
	}, nil
}

// stars stars the repository that create made, and takes the star away.
func (r registry) stars() (any, error) {
	name, absent := "team/app", "none"
	starred, err := r.api.User.CreateStar(user.NewCreateStarParams().WithBody(
		&models.NewStarredRepository{Namespace: &r.name, Repository: &name}), nil)
	if err != nil {
		return nil, err
	}
	_, unknown := r.api.User.CreateStar(user.NewCreateStarParams().WithBody(
		&models.NewStarredRepository{Namespace: &r.name, Repository: &absent}), nil)
	list, err := r.api.User.ListStarredRepos(user.NewListStarredReposParams(), nil)
	if err != nil {
		return nil, err
	}
	_, err = r.api.User.DeleteStar(
		user.NewDeleteStarParams().WithRepository(r.name+"/"+name), nil)
	if err != nil {
		return nil, err
	}
	after, err := r.api.User.ListStarredRepos(user.NewListStarredReposParams(), nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"starred": starred.Payload, "unknown": told(unknown),
		"list": list.Payload.Repositories, "after": after.Payload.Repositories,
	}, nil
}

// messages tells everybody something, and takes it back.
func (r registry) messages() (any, error) {
	content, media, severity := "Back at noon", "text/markdown", "warning"
	new := globalmessages.NewCreateGlobalMessageParams().WithBody(&models.CreateMessage{
		Message: &models.Message{Content: &content, MediaType: &media, Severity: &severity},
	})
	_, narrow := r.narrow.Globalmessages.CreateGlobalMessage(new, nil)
	if _, err := r.api.Globalmessages.CreateGlobalMessage(new, nil); err != nil {
		return nil, err
	}
	// Nobody has to be known for these.
	list, err := r.api.Globalmessages.GetGlobalMessages(globalmessages.NewGetGlobalMessagesParams())
	if err != nil {
		return nil, err
	}
	for _, message := range list.Payload.Messages {
		_, err = r.api.Globalmessages.DeleteGlobalMessage(
			globalmessages.NewDeleteGlobalMessageParams().WithUUID(*message.UUID), nil)
		if err != nil {
			return nil, err
		}
	}
	after, err := r.api.Globalmessages.GetGlobalMessages(globalmessages.NewGetGlobalMessagesParams())
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"narrow": told(narrow), "list": list.Payload.Messages, "after": after.Payload.Messages,
	}, nil
}
