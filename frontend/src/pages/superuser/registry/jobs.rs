//! What the registry does by itself, and how that stands.

use cynic::{MutationBuilder, QueryBuilder};
use icondata_lu as lu;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::use_api,
    components::{
        Cell, Column, DataTable, Label, Listing, MenuItem, Row, SkeletonTable, ask, error_text,
        load, use_toasts,
    },
    fragments::DateTime,
    i18n::*,
    schema,
    session::use_session,
    text,
};

#[derive(cynic::QueryFragment, Debug, Clone)]
#[cynic(graphql_type = "Query")]
struct JobsQuery {
    administration: Option<Administration>,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Administration {
    jobs: Vec<Job>,
}

#[derive(cynic::Enum, Debug, Clone, Copy, PartialEq, Eq)]
enum JobState {
    Waiting,
    Running,
    Failed,
}

#[derive(cynic::QueryFragment, Debug, Clone)]
struct Job {
    kind: String,
    state: JobState,
    next_run_at: Option<DateTime>,
    interval_seconds: i32,
    error: Option<String>,
}

#[derive(cynic::QueryVariables, Debug)]
struct Variables {
    kind: String,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Mutation", variables = "Variables")]
#[expect(dead_code, reason = "only the success matters")]
struct Retry {
    #[arguments(input: { kind: $kind })]
    retry_job: Payload,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "RetryJobPayload")]
#[expect(dead_code, reason = "only the success matters")]
struct Payload {
    job: Kind,
}

#[derive(cynic::QueryFragment, Debug)]
#[cynic(graphql_type = "Job")]
#[expect(dead_code, reason = "only the success matters")]
struct Kind {
    kind: String,
}

impl JobState {
    /// What copies of the list call it.
    const fn key(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Failed => "failed",
        }
    }
}

/// The card *Periodic work*.
#[component]
pub(super) fn Jobs() -> impl IntoView {
    let (api, i18n, session, toasts) = (use_api(), use_i18n(), use_session(), use_toasts());
    let listing = Listing::new(
        "jobs",
        "kind",
        vec![
            Column::new("kind", words!(i18n, registry.job)),
            Column::new("state", words!(i18n, registry.job_state)),
            Column::new("nextRunAt", words!(i18n, registry.job_next)),
            Column::new("intervalSeconds", words!(i18n, registry.job_every)),
            Column::new("error", words!(i18n, registry.job_error)),
        ],
    );
    let list = ask(move || api.run(listing.sends(JobsQuery::build(()))));
    let retry = Callback::new(move |kind: String| {
        let answer = api.done(Retry::build(Variables { kind: kind.clone() }));
        spawn_local(async move {
            match answer.await {
                Ok(()) => {
                    let name = known(&kind).map_or(kind.as_str(), |text| i18n.text_untracked(text));
                    toasts.success(tu_string!(i18n, registry.job_hastened, name = name));
                    list.refetch();
                }
                Err(error) => toasts.failure(error_text(i18n, &error)),
            }
        });
    });
    view! {
        <section class="berth-card" aria-labelledby="jobs-title">
            <h2 id="jobs-title">{words!(i18n, registry.jobs)}</h2>
            <p class="berth-muted">{words!(i18n, registry.jobs_text)}</p>
            {load(
                list,
                || view! { <SkeletonTable/> }.into_any(),
                move |data| {
                    // Whoever lost the right meanwhile.
                    let Some(administration) = data.administration else {
                        return view! { <p>{words!(i18n, errors.forbidden)}</p> }.into_any();
                    };
                    let may = session.administers();
                    let rows = administration.jobs.into_iter().map(|job| row(i18n, job, may.then_some(retry)));
                    view! {
                        <DataTable
                            listing
                            label=words!(i18n, registry.jobs)
                            rows=rows.collect()
                            total=None
                            grid="lg"
                        />
                    }
                        .into_any()
                },
            )}
        </section>
    }
}

fn row(i18n: I18n, job: Job, retry: Option<Callback<String>>) -> Row {
    let Job {
        kind,
        state,
        next_run_at,
        interval_seconds,
        error,
    } = job;
    let name = known(&kind).map_or_else(|| kind.clone(), |text| i18n.text(text).to_owned());
    let (color, icon, text) = match state {
        JobState::Waiting => ("", lu::LuClock, texts::registry::job_waiting),
        JobState::Running => ("pf-m-blue", lu::LuRefreshCw, texts::registry::job_running),
        JobState::Failed => ("pf-m-red", lu::LuCircleAlert, texts::registry::job_failed),
    };
    let label = view! { <Label color icon=Some(icon)>{move || i18n.text(text)}</Label> };
    let every = move || text::duration(language(i18n), interval_seconds);
    let shown = error.clone().unwrap_or_else(|| "–".to_owned());
    let cells = vec![
        Cell::new(name.clone(), kind.clone()),
        Cell::new(label, state.key()),
        next(i18n, next_run_at),
        Cell::new(every, interval_seconds),
        Cell::new(
            view! { <span class="berth-name" dir="auto">{shown}</span> },
            error,
        ),
    ];
    let id = kind.clone();
    let menu = retry.filter(|_| state != JobState::Running).map(|retry| {
        Callback::new(move |()| {
            let kind = kind.clone();
            let run = move || retry.run(kind.clone());
            vec![MenuItem::action(t_string!(i18n, registry.job_run), run)]
        })
    });
    Row {
        menu,
        ..Row::new(&id, &name, cells)
    }
}

/// When work is next: what is due waits only for a worker to look.
fn next(i18n: I18n, at: Option<DateTime>) -> Cell {
    match at {
        Some(at) if !text::is_ahead(&at.0) => Cell::new(
            view! { <span>{words!(i18n, registry.job_due)}</span> },
            at.0,
        ),
        at => Cell::time(at),
    }
}

/// What people call a kind of work; none for one of a newer server.
fn known(kind: &str) -> Option<Text> {
    Some(match kind {
        "bulk_changes" => texts::registry::job_bulk_changes,
        "collection" => texts::registry::job_collection,
        "expiry_sweep" => texts::registry::job_expiry_sweep,
        "key_rotation" => texts::registry::job_key_rotation,
        "mail" => texts::registry::job_mail,
        "object_sweep" => texts::registry::job_object_sweep,
        "organization_removal" => texts::registry::job_organization_removal,
        "orphan_sweep" => texts::registry::job_orphan_sweep,
        "part_sweep" => texts::registry::job_part_sweep,
        "repository_removal" => texts::registry::job_repository_removal,
        "scrub" => texts::registry::job_scrub,
        "upload_sweep" => texts::registry::job_upload_sweep,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_of_a_newer_server_has_no_words_yet() {
        assert!(known("collection").is_some());
        assert!(known("bulk_changes").is_some());
        assert!(known("time_travel").is_none());
    }
}
