// Drives a registry with the client that is generated from its description, and prints what it was told as JSON.
//
//	program create|users|applications|app-tokens|stars|messages|delete URL TOKEN NARROW_TOKEN ORGANIZATION
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/url"
	"os"

	httptransport "github.com/go-openapi/runtime/client"

	"restclient/client"
	"restclient/client/organization"
	"restclient/client/permission"
	"restclient/client/repository"
	"restclient/client/robot"
	"restclient/client/user"
	"restclient/models"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 6 {
		log.Fatal("usage: program PART URL TOKEN NARROW_TOKEN ORGANIZATION")
	}
	run := registry{
		api:    connect(os.Args[2], os.Args[3]),
		narrow: connect(os.Args[2], os.Args[4]),
		nobody: connect(os.Args[2], "unknown"),
		name:   os.Args[5],
	}
	parts := map[string]func() (any, error){
		"create": run.create, "users": run.users, "applications": run.applications,
		"app-tokens": run.appTokens, "stars": run.stars, "messages": run.messages,
		"delete": run.delete,
	}
	part, ok := parts[os.Args[1]]
	if !ok {
		log.Fatalf("there is no part %q", os.Args[1])
	}
	said, err := part()
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		log.Fatal(err)
	}
}

// registry is the same registry as three callers see it, and the organization that they ask for.
type registry struct {
	api, narrow, nobody *client.BerthAPI
	name                string
}

// connect makes a client that sends an access token, also where an operation asks for none.
func connect(address, token string) *client.BerthAPI {
	at, err := url.Parse(address)
	if err != nil {
		log.Fatal(err)
	}
	transport := httptransport.New(at.Host, client.DefaultBasePath, []string{at.Scheme})
	transport.DefaultAuthentication = httptransport.BearerToken(token)
	return client.New(transport, nil)
}

// create makes an organization with a robot and a repository, and reads them.
func (r registry) create() (any, error) {
	self, err := r.api.User.GetLoggedInUser(user.NewGetLoggedInUserParams(), nil)
	if err != nil {
		return nil, err
	}
	organizations := organization.NewCreateOrganizationParams().WithBody(&models.NewOrg{Name: &r.name})
	created, err := r.api.Organization.CreateOrganization(organizations, nil)
	if err != nil {
		return nil, err
	}
	_, again := r.api.Organization.CreateOrganization(organizations, nil)
	_, outOfScope := r.narrow.Organization.CreateOrganization(organizations, nil)
	_, unknownToken := r.nobody.Organization.CreateOrganization(organizations, nil)
	read, err := r.api.Organization.GetOrganization(
		organization.NewGetOrganizationParams().WithOrgname(r.name))
	if err != nil {
		return nil, err
	}

	robots := robot.NewCreateOrgRobotParams().WithOrgname(r.name).WithRobotShortname("ci")
	made, err := r.api.Robot.CreateOrgRobot(
		robots.WithBody(&models.CreateRobot{Description: "builds"}), nil)
	if err != nil {
		return nil, err
	}
	known, err := r.api.Robot.GetOrgRobot(
		robot.NewGetOrgRobotParams().WithOrgname(r.name).WithRobotShortname("ci"), nil)
	if err != nil {
		return nil, err
	}
	_, noRobot := r.api.Robot.GetOrgRobot(
		robot.NewGetOrgRobotParams().WithOrgname(r.name).WithRobotShortname("nobody"), nil)

	name, visibility, empty := "team/app", "private", ""
	_, err = r.api.Repository.CreateRepo(repository.NewCreateRepoParams().WithBody(&models.NewRepo{
		Namespace: r.name, Repository: &name, Visibility: &visibility, Description: &empty,
	}), nil)
	if err != nil {
		return nil, err
	}
	// The client escapes the slashes of a path's parameter, and the plus.
	path, description := r.name+"/"+name, "An app"
	_, err = r.api.Repository.UpdateRepo(repository.NewUpdateRepoParams().WithRepository(path).
		WithBody(&models.RepoUpdate{Description: &description}), nil)
	if err != nil {
		return nil, err
	}
	role := "write"
	held, err := r.api.Permission.ChangeUserPermissions(permission.NewChangeUserPermissionsParams().
		WithRepository(path).WithUsername(*made.Payload.Name).
		WithBody(&models.UserPermission{Role: &role}), nil)
	if err != nil {
		return nil, err
	}
	found, err := r.api.Repository.GetRepo(repository.NewGetRepoParams().WithRepository(path), nil)
	if err != nil {
		return nil, err
	}
	_, noRepository := r.api.Repository.GetRepo(
		repository.NewGetRepoParams().WithRepository(r.name+"/none"), nil)
	modified := true
	list, err := r.api.Repository.ListRepos(repository.NewListReposParams().
		WithNamespace(&r.name).WithLastModified(&modified), nil)
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"self":         self.Payload,
		"created":      created.Payload,
		"again":        told(again),
		"outOfScope":   told(outOfScope),
		"unknownToken": told(unknownToken),
		"organization": read.Payload,
		"robot":        made.Payload,
		"sameToken":    made.Payload.Token != "" && made.Payload.Token == known.Payload.Token,
		"noRobot":      told(noRobot),
		"permission":   held.Payload,
		"repository":   found.Payload,
		"noRepository": told(noRepository),
		"repositories": list.Payload,
	}, nil
}

// delete deletes all that create made.
func (r registry) delete() (any, error) {
	_, err := r.api.Repository.DeleteRepository(
		repository.NewDeleteRepositoryParams().WithRepository(r.name+"/team/app"), nil)
	if err != nil {
		return nil, err
	}
	_, err = r.api.Robot.DeleteOrgRobot(
		robot.NewDeleteOrgRobotParams().WithOrgname(r.name).WithRobotShortname("ci"), nil)
	if err != nil {
		return nil, err
	}
	robots, err := r.api.Robot.GetOrgRobots(robot.NewGetOrgRobotsParams().WithOrgname(r.name), nil)
	if err != nil {
		return nil, err
	}
	_, err = r.api.Organization.DeleteAdminedOrganization(
		organization.NewDeleteAdminedOrganizationParams().WithOrgname(r.name), nil)
	if err != nil {
		return nil, err
	}
	_, gone := r.api.Organization.GetOrganization(
		organization.NewGetOrganizationParams().WithOrgname(r.name))
	return map[string]any{"robots": robots.Payload.Robots, "gone": told(gone)}, nil
}

// refusal is what every refused operation gives, each in a type of its own.
type refusal interface {
	error
	GetPayload() *models.APIError
}

// told is a refusal with its type and the body that came with it.
func told(err error) map[string]any {
	var refused refusal
	if !errors.As(err, &refused) {
		return map[string]any{"not described": fmt.Sprint(err)}
	}
	return map[string]any{"type": fmt.Sprintf("%T", err), "body": refused.GetPayload()}
}
