//! The console in a real browser: no page may complain about anything.

mod accounts;
mod assignments;
mod bulk;
mod defaults;
mod explained;
mod explorers;
mod flows;
mod invitations;
mod japanese;
mod keyboard;
mod lists;
mod mail;
mod many;
mod oauth;
mod organizations;
mod pages;
mod procedures;
mod registry;
mod robots;
mod search;
mod service_keys;
mod stars;
mod superusers;
mod teams;

use berth_e2e::browser::{Browser, Look, Page};
use berth_e2e::harness::Scenario;
use berth_e2e::scenarios;
use berth_e2e::world::{Account, World};
use serde_json::{Value, json};

use accounts::{
    a_stranger_signs_up_and_is_mailed_another_link_on_demand,
    a_token_is_made_and_taken_back_with_the_password_asked_for,
    an_encrypted_password_is_made_and_signs_clients_in,
    another_name_is_chosen_where_that_is_allowed_and_everything_follows,
    of_others_only_what_is_public_is_shown, the_own_account_is_changed_and_ended,
    the_own_password_is_changed_and_ends_all_other_sessions,
    where_sign_up_is_off_nothing_leads_there,
    without_mail_a_stranger_is_signed_in_at_once_and_a_taken_name_is_told,
};
use assignments::{
    an_assignment_is_seen_and_taken_back_before_it_is_answered,
    assignments_that_wait_go_on_over_pages,
};
use bulk::{
    a_role_is_given_in_all_repositories_that_match,
    changes_of_many_repositories_are_followed_over_pages,
};
use defaults::{
    default_permissions_are_made_changed_and_deleted_with_undo,
    who_is_not_there_gets_no_default_permission,
};
use explained::{
    who_can_do_what_is_explained, who_does_not_administer_is_told_of_the_own_rights,
    who_is_unknown_or_waits_is_told_apart,
};
use explorers::{
    graphql_runs_in_the_browser_as_the_viewer, rest_runs_in_the_browser_as_the_viewer,
    what_wants_the_password_asks_for_it_and_goes_on,
};
use flows::{
    a_tag_and_a_repository_of_the_same_spelling_both_open,
    dialog_keeps_the_focus_and_gives_it_back, first_visitor_sets_the_registry_up,
    language_and_theme_are_remembered, palette_leads_to_everything_by_keyboard,
    pushed_tag_appears_in_an_open_list, repository_changes_visibility_and_goes_after_confirm,
    robot_gets_credentials_and_goes, search_and_sort_stay_in_the_address,
};
use invitations::{
    a_user_is_invited_and_comes_by_the_own_answer,
    collaborators_go_and_robots_get_their_roles_back, invitations_are_answered_in_a_list,
    members_and_collaborators_are_seen_and_removed, the_link_of_a_mail_asks_whoever_follows_it,
    who_has_no_account_makes_one_by_the_link_of_a_mail,
};
use japanese::{
    a_robot_and_default_permissions_are_made_in_japanese,
    an_organization_and_its_repository_are_made_in_japanese,
    pages_of_tenants_speak_japanese_on_a_phone,
};
use keyboard::an_organization_is_set_up_by_the_keyboard_alone;
use lists::{
    all_that_match_are_changed_at_once_and_put_back_as_they_were,
    columns_and_density_are_remembered_and_rows_copied,
    deleted_tags_and_taken_roles_come_back_by_undo, filters_show_as_chips_and_go_together,
    silence_of_the_registry_shows_and_ends_by_itself,
    users_robots_and_teams_get_roles_in_one_table, what_was_typed_is_not_lost_without_a_question,
};
use mail::an_address_is_confirmed_and_a_lost_password_recovered_by_mail;
use many::ten_thousand_rows_are_searched_sorted_and_paged;
use oauth::{
    a_token_is_assigned_authorized_declined_and_revoked,
    a_token_of_an_application_is_found_and_revoked, an_access_token_is_made_by_name_and_shown_once,
    an_application_is_made_gives_a_token_and_goes,
    an_application_of_a_device_is_named_by_its_scheme,
    applications_are_searched_and_sorted_in_the_address,
    what_must_not_be_asked_is_refused_in_words_and_leads_nowhere,
    who_is_not_signed_in_comes_back_to_the_question_and_may_deny,
};
use organizations::{
    organization_goes_after_its_name_is_typed, organizations_of_a_list_go_after_confirm,
    time_machine_is_chosen_and_shown_again, who_does_not_administer_finds_no_settings,
};
use pages::{
    code_of_a_page_comes_when_it_is_opened, dialogs_are_accessible_in_japanese,
    first_load_stays_within_its_budget, hidden_and_unknown_pages_look_alike,
    pages_are_accessible_in_every_look, pages_of_strangers_are_accessible_in_every_look,
    sign_in_page_opens_without_complaint,
};
use procedures::{
    a_repository_is_made_shown_to_few_and_deleted_from_the_list,
    a_robot_gets_another_token_and_goes_by_its_menu,
    an_organization_is_made_set_up_and_deleted_from_the_list,
    the_team_view_counts_members_and_repositories, what_goes_is_searched_before_it_goes,
};
use registry::{
    a_message_in_markdown_is_shown_and_its_markup_does_nothing,
    an_account_becomes_an_organization_of_who_is_named,
    superusers_see_the_registry_and_search_its_configuration,
    work_of_the_registry_is_begun_at_once_on_demand,
};
use robots::{
    a_robot_gets_one_role_in_many_repositories_at_once, a_robot_is_made_in_five_steps,
    a_robot_is_made_whole_or_not_at_all, a_robot_of_a_user_is_made_in_three_steps,
    credentials_are_there_for_every_client, descriptions_of_robots_expand_and_collapse,
    roles_of_a_robot_are_given_all_or_none, where_robots_are_disabled_the_wizard_says_so,
};
use search::{
    everything_is_found_by_kind_and_over_pages, the_palette_leads_on_to_all_that_was_found,
};
use service_keys::{
    a_service_key_is_made_renamed_approved_and_deleted,
    a_superuser_deletes_an_organization_of_somebody_else,
    a_superuser_renames_an_organization_and_becomes_its_owner,
    superusers_find_namespaces_of_users_among_the_organizations,
    who_is_no_superuser_sees_no_service_keys,
};
use stars::{
    a_star_that_is_refused_goes_back, a_starred_repository_is_found_among_the_starred,
    starred_repositories_are_searched_and_sorted, the_bell_tells_leads_on_and_is_put_away,
};
use superusers::{
    a_message_stands_above_every_page_until_it_is_deleted,
    a_user_is_created_shut_out_changed_and_deleted,
    a_user_is_taken_over_and_is_an_organization_then,
    a_user_who_lost_the_password_is_mailed_a_link_by_a_superuser,
    disabled_users_are_found_by_their_status,
    tokens_of_all_users_are_seen_by_who_sees_everything_alone,
    users_who_were_away_are_found_by_their_last_use,
    who_sees_everything_changes_no_user_and_others_see_none,
};

use teams::{
    a_team_gets_roles_in_repositories_one_by_one_and_many_at_once,
    a_team_is_made_in_japanese_on_a_phone, a_team_is_made_in_steps_and_found_in_the_list,
    members_of_a_team_come_and_go, teams_are_searched_over_pages,
    the_last_owner_stays_and_the_menu_says_so, the_role_of_a_team_changes_in_its_row_and_back,
    who_does_not_manage_teams_looks_at_them,
};

pub(crate) const SCENARIOS: &[Scenario] = scenarios![
    sign_in_page_opens_without_complaint,
    first_load_stays_within_its_budget,
    code_of_a_page_comes_when_it_is_opened,
    first_visitor_sets_the_registry_up,
    pushed_tag_appears_in_an_open_list,
    robot_gets_credentials_and_goes,
    repository_changes_visibility_and_goes_after_confirm,
    search_and_sort_stay_in_the_address,
    a_tag_and_a_repository_of_the_same_spelling_both_open,
    dialog_keeps_the_focus_and_gives_it_back,
    language_and_theme_are_remembered,
    palette_leads_to_everything_by_keyboard,
    an_organization_is_set_up_by_the_keyboard_alone,
    everything_is_found_by_kind_and_over_pages,
    the_palette_leads_on_to_all_that_was_found,
    columns_and_density_are_remembered_and_rows_copied,
    all_that_match_are_changed_at_once_and_put_back_as_they_were,
    changes_of_many_repositories_are_followed_over_pages,
    a_role_is_given_in_all_repositories_that_match,
    deleted_tags_and_taken_roles_come_back_by_undo,
    what_was_typed_is_not_lost_without_a_question,
    filters_show_as_chips_and_go_together,
    silence_of_the_registry_shows_and_ends_by_itself,
    time_machine_is_chosen_and_shown_again,
    organization_goes_after_its_name_is_typed,
    organizations_of_a_list_go_after_confirm,
    who_does_not_administer_finds_no_settings,
    a_team_is_made_in_steps_and_found_in_the_list,
    the_role_of_a_team_changes_in_its_row_and_back,
    teams_are_searched_over_pages,
    members_of_a_team_come_and_go,
    the_last_owner_stays_and_the_menu_says_so,
    a_team_gets_roles_in_repositories_one_by_one_and_many_at_once,
    who_does_not_manage_teams_looks_at_them,
    a_team_is_made_in_japanese_on_a_phone,
    a_user_is_invited_and_comes_by_the_own_answer,
    the_link_of_a_mail_asks_whoever_follows_it,
    who_has_no_account_makes_one_by_the_link_of_a_mail,
    members_and_collaborators_are_seen_and_removed,
    collaborators_go_and_robots_get_their_roles_back,
    invitations_are_answered_in_a_list,
    default_permissions_are_made_changed_and_deleted_with_undo,
    who_is_not_there_gets_no_default_permission,
    a_robot_is_made_in_five_steps,
    a_robot_of_a_user_is_made_in_three_steps,
    a_robot_is_made_whole_or_not_at_all,
    a_robot_gets_one_role_in_many_repositories_at_once,
    roles_of_a_robot_are_given_all_or_none,
    descriptions_of_robots_expand_and_collapse,
    credentials_are_there_for_every_client,
    where_robots_are_disabled_the_wizard_says_so,
    users_robots_and_teams_get_roles_in_one_table,
    who_can_do_what_is_explained,
    who_is_unknown_or_waits_is_told_apart,
    who_does_not_administer_is_told_of_the_own_rights,
    an_address_is_confirmed_and_a_lost_password_recovered_by_mail,
    rest_runs_in_the_browser_as_the_viewer,
    graphql_runs_in_the_browser_as_the_viewer,
    what_wants_the_password_asks_for_it_and_goes_on,
    a_stranger_signs_up_and_is_mailed_another_link_on_demand,
    without_mail_a_stranger_is_signed_in_at_once_and_a_taken_name_is_told,
    where_sign_up_is_off_nothing_leads_there,
    a_token_is_made_and_taken_back_with_the_password_asked_for,
    the_own_account_is_changed_and_ended,
    the_own_password_is_changed_and_ends_all_other_sessions,
    an_encrypted_password_is_made_and_signs_clients_in,
    another_name_is_chosen_where_that_is_allowed_and_everything_follows,
    of_others_only_what_is_public_is_shown,
    a_user_is_created_shut_out_changed_and_deleted,
    disabled_users_are_found_by_their_status,
    users_who_were_away_are_found_by_their_last_use,
    a_user_who_lost_the_password_is_mailed_a_link_by_a_superuser,
    a_user_is_taken_over_and_is_an_organization_then,
    tokens_of_all_users_are_seen_by_who_sees_everything_alone,
    who_sees_everything_changes_no_user_and_others_see_none,
    a_message_stands_above_every_page_until_it_is_deleted,
    a_starred_repository_is_found_among_the_starred,
    a_star_that_is_refused_goes_back,
    starred_repositories_are_searched_and_sorted,
    the_bell_tells_leads_on_and_is_put_away,
    a_service_key_is_made_renamed_approved_and_deleted,
    who_is_no_superuser_sees_no_service_keys,
    a_superuser_renames_an_organization_and_becomes_its_owner,
    a_superuser_deletes_an_organization_of_somebody_else,
    superusers_find_namespaces_of_users_among_the_organizations,
    an_application_is_made_gives_a_token_and_goes,
    who_is_not_signed_in_comes_back_to_the_question_and_may_deny,
    what_must_not_be_asked_is_refused_in_words_and_leads_nowhere,
    a_token_is_assigned_authorized_declined_and_revoked,
    a_token_of_an_application_is_found_and_revoked,
    an_access_token_is_made_by_name_and_shown_once,
    an_assignment_is_seen_and_taken_back_before_it_is_answered,
    assignments_that_wait_go_on_over_pages,
    applications_are_searched_and_sorted_in_the_address,
    an_application_of_a_device_is_named_by_its_scheme,
    superusers_see_the_registry_and_search_its_configuration,
    work_of_the_registry_is_begun_at_once_on_demand,
    a_message_in_markdown_is_shown_and_its_markup_does_nothing,
    an_account_becomes_an_organization_of_who_is_named,
    hidden_and_unknown_pages_look_alike,
    pages_are_accessible_in_every_look,
    pages_of_strangers_are_accessible_in_every_look,
    dialogs_are_accessible_in_japanese,
    an_organization_is_made_set_up_and_deleted_from_the_list,
    what_goes_is_searched_before_it_goes,
    a_repository_is_made_shown_to_few_and_deleted_from_the_list,
    a_robot_gets_another_token_and_goes_by_its_menu,
    the_team_view_counts_members_and_repositories,
    an_organization_and_its_repository_are_made_in_japanese,
    a_robot_and_default_permissions_are_made_in_japanese,
    pages_of_tenants_speak_japanese_on_a_phone,
    ten_thousand_rows_are_searched_sorted_and_paged,
];

/// A browser in which somebody has signed in, at the list of repositories.
async fn signed_in(world: &World, account: &Account, look: Look) -> (Browser, Page) {
    let browser = Browser::start().await;
    let page = browser.open(&format!("{}/signin", world.url()), look).await;
    page.fill("textbox", "Username", &account.name).await;
    page.fill("textbox", "Password", &account.password).await;
    page.click("button", "Sign in").await;
    page.url_ends_with("/repository").await;
    page.find("heading", "Repositories").await;
    (browser, page)
}

/// A script about the drop-down of that name, as `choice`.
fn of_choice(name: &str, script: &str) -> String {
    format!(
        "(() => {{ const choice = [...document.querySelectorAll('select')].find(one => \
         (one.ariaLabel ?? one.labels[0]?.textContent.replace(' *', '')) === {name:?}); {script} }})()"
    )
}

/// Chooses from a drop-down.
async fn select(page: &Page, name: &str, option: &str) {
    page.find("combobox", name).await;
    settled(page).await;
    let script = format!(
        "choice.value = [...choice.options].find(one => one.text === {option:?}).value; \
         choice.dispatchEvent(new Event('change', {{ bubbles: true }}));"
    );
    page.evaluate(&of_choice(name, &script)).await;
}

/// What a drop-down shows.
async fn chosen(page: &Page, name: &str) -> String {
    page.find("combobox", name).await;
    let shown = page
        .evaluate(&of_choice(name, "return choice?.selectedOptions[0]?.text;"))
        .await;
    shown.as_str().unwrap_or_default().to_owned()
}

/// Waits until the page shows its content and nothing loads any more.
async fn settled(page: &Page) {
    page.wait("the page has its heading and loads nothing", async || {
        page.evaluate(
            "!!document.querySelector('h1') && !document.querySelector('[aria-busy=true]')",
        )
        .await
            == true
    })
    .await;
}

/// What GraphQL answers to who is signed in there.
async fn as_viewer(page: &Page, query: &str, variables: Value) -> Value {
    let body = json!({ "query": query, "variables": variables }).to_string();
    let ask = format!(
        "(async () => {{
            const csrf = document.cookie.match(/berth_csrf=([^;]*)/)[1];
            const headers = {{ 'Content-Type': 'application/json', 'X-CSRF-Token': csrf }};
            const answer = await fetch('/graphql', {{ method: 'POST', headers, body: {} }});
            return (await answer.json()).data;
        }})()",
        json!(body)
    );
    page.evaluate(&ask).await
}
