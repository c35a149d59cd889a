//! Fields that find users, robots and teams while somebody types.

mod find;

use std::time::Duration;

use berth_domain::{Namespace, RobotName, TeamName};
use icondata_lu as lu;
use leptos::{ev::KeyboardEvent, html, leptos_dom::helpers::TimeoutHandle, prelude::*};
use wasm_bindgen::JsCast;

use super::{
    Button, ButtonKind, Entity, EntityKind, EntityName, FormGroup, Icon, ask, error_text,
    field::described_by,
    menu::{Edge, new_id, place_at},
};
use crate::{
    api::{Answer, use_api},
    i18n::*,
};
use find::Finder;

pub(crate) use find::entity_id;

/// Typing waits this long before the server is asked.
const PAUSE: Duration = Duration::from_millis(200);

/// Where a picker looks, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lookup {
    /// Whose robots and teams; empty where users alone are picked.
    pub(crate) namespace: String,
    /// What may be picked.
    pub(crate) kinds: &'static [EntityKind],
}

/// What is typed into a picker, and who is meant.
#[derive(Clone, Copy)]
pub(crate) struct Picked {
    typed: RwSignal<String>,
    chosen: RwSignal<Option<Entity>>,
    /// What was found, and for which text.
    found: RwSignal<(String, Vec<Entity>)>,
    /// The field.
    input: NodeRef<html::Input>,
}

impl Picked {
    /// Nothing.
    pub(crate) fn new() -> Self {
        Self {
            typed: RwSignal::new(String::new()),
            chosen: RwSignal::new(None),
            found: RwSignal::new((String::new(), Vec::new())),
            input: NodeRef::new(),
        }
    }

    /// Empties the field. Its page may be gone.
    pub(crate) fn clear(self) {
        self.chosen.try_set(None);
        self.typed.try_set(String::new());
    }

    /// Empties the field for the next one, and gives it the focus: the button beside it goes off while nothing is typed,
    /// and would lose the focus to nowhere.
    pub(crate) fn begin_anew(self) {
        self.clear();
        if let Some(input) = self.input.try_get_untracked().flatten() {
            let _ = input.focus();
        }
    }

    /// Picks somebody.
    pub(crate) fn set(self, entity: Entity) {
        self.typed.try_set(entity.name.clone());
        self.chosen.try_set(Some(entity));
    }

    /// What is typed.
    pub(crate) fn text(self) -> String {
        self.typed.with(|typed| typed.trim().to_owned())
    }

    /// Whether something is typed that nobody among these kinds can be called.
    pub(crate) fn is_nobody(self, kinds: &[EntityKind]) -> bool {
        let text = self.text();
        let answered = self
            .found
            .with(|(asked, found)| *asked == text && found.is_empty());
        answered && !text.is_empty() && self.entity(kinds).is_none()
    }

    /// Who is meant, among these kinds.
    pub(crate) fn entity(self, kinds: &[EntityKind]) -> Option<Entity> {
        self.typed.with(|typed| {
            self.found.with(|(asked, found)| {
                self.chosen
                    .with(|chosen| meant(typed.trim(), chosen.as_ref(), asked, found, kinds))
            })
        })
    }
}

/// Who is meant by a name: who was picked, else who alone was found by exactly this name, else whom the shape of the name
/// allows, for the server to judge. Nobody while the answer for this text is on its way, or where several are called so.
fn meant(
    text: &str,
    chosen: Option<&Entity>,
    asked: &str,
    found: &[Entity],
    kinds: &[EntityKind],
) -> Option<Entity> {
    if let Some(chosen) = chosen.filter(|chosen| chosen.name == text) {
        return Some(chosen.clone());
    }
    if text.is_empty() || asked != text {
        return None;
    }
    let mut exact = found.iter().filter(|entity| entity.name == text);
    match (exact.next(), exact.next()) {
        (Some(one), None) => return Some(one.clone()),
        (Some(_), Some(_)) => return None,
        (None, _) => {}
    }
    let kind = if text.parse::<RobotName>().is_ok() {
        EntityKind::Robot
    } else if kinds.contains(&EntityKind::User) && text.parse::<Namespace>().is_ok() {
        EntityKind::User
    } else if text.parse::<TeamName>().is_ok() {
        EntityKind::Team
    } else {
        return None;
    };
    kinds.contains(&kind).then(|| Entity::new(kind, text))
}

/// A field that finds users, robots and teams. The arrow keys move in what was found, `Enter` picks, `Esc` closes.
#[component]
pub(crate) fn EntityPicker(
    /// Unique on the page.
    id: &'static str,
    /// Its name.
    #[prop(into)]
    label: Signal<String>,
    /// Said below it.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    /// Why it is refused.
    #[prop(optional, into)]
    error: Signal<Option<String>>,
    /// True where it may not be empty.
    #[prop(optional)]
    required: bool,
    /// True where typing starts.
    #[prop(optional)]
    autofocus: bool,
    /// Where it looks.
    lookup: Lookup,
    /// What is typed, and who is meant.
    picked: Picked,
    /// Called when somebody is picked from what was found.
    #[prop(optional)]
    on_pick: Option<Callback<Entity>>,
) -> impl IntoView {
    let (api, i18n) = (use_api(), use_i18n());
    let list_id = new_id();
    let input = picked.input;
    let panel = NodeRef::<html::Div>::new();
    let open = RwSignal::new(false);
    let active = RwSignal::new(None::<usize>);
    let search = RwSignal::new(picked.typed.get_untracked().trim().to_owned());
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(Some(timer)) = timer.try_update_value(Option::take) {
            timer.clear();
        }
    };
    on_cleanup(cancel);
    let finder = Finder::new(api, lookup);
    let found = ask(move || {
        let text = search.get();
        let answer = finder.find(&text);
        // Which text it answers stands beside it: a slower question may still be on its way.
        Box::pin(async move { Ok((text, answer.await?)) }) as Answer<(String, Vec<Entity>)>
    });
    Effect::new(move |_| match found.get() {
        Some(Ok(found)) => picked.found.set(found),
        Some(Err(_)) => picked.found.set((search.get_untracked(), Vec::new())),
        None => {}
    });
    let hits = move || picked.found.with(|(_, found)| found.clone());
    let is_shown = move || open.get() && picked.found.with(|(_, found)| !found.is_empty());
    Effect::new(move |_| {
        let shown = is_shown();
        // Another list is as high as its lines.
        picked.found.track();
        let (Some(input), Some(panel)) = (input.get(), panel.get()) else {
            return;
        };
        // Either fails only where the panel is as it should be already.
        if shown {
            let _ = panel.show_popover();
            request_animation_frame(move || place_at(&input, &panel, Edge::Start));
        } else {
            let _ = panel.hide_popover();
        }
    });
    let close = move || {
        open.set(false);
        active.set(None);
    };
    let pick = move |entity: Entity| {
        cancel();
        close();
        picked.set(entity.clone());
        if let Some(on_pick) = on_pick {
            on_pick.run(entity);
        }
    };
    let option_id = {
        let list_id = list_id.clone();
        move |at: usize| format!("{list_id}-{at}")
    };
    let scroll_to = {
        let option_id = option_id.clone();
        move |at: usize| {
            if let Some(option) = document().get_element_by_id(&option_id(at)) {
                option.scroll_into_view_with_bool(false);
            }
        }
    };
    let step = move |by: isize| {
        let count = picked.found.with_untracked(|(_, found)| found.len());
        if count == 0 || !open.get_untracked() {
            open.set(true);
            return;
        }
        let next = match active.get_untracked() {
            Some(at) => at.wrapping_add_signed(by + count.cast_signed()) % count,
            None if by > 0 => 0,
            None => count - 1,
        };
        active.set(Some(next));
        scroll_to(next);
    };
    let on_key = move |event: KeyboardEvent| match event.key().as_str() {
        "ArrowDown" => {
            event.prevent_default();
            step(1);
        }
        "ArrowUp" => {
            event.prevent_default();
            step(-1);
        }
        "Enter" => {
            let at = active.get_untracked().filter(|_| open.get_untracked());
            let hit = at.and_then(|at| {
                picked
                    .found
                    .with_untracked(|(_, found)| found.get(at).cloned())
            });
            if let Some(hit) = hit {
                event.prevent_default();
                pick(hit);
            } else {
                close();
            }
        }
        // The dialog around it stays open.
        "Escape" if untrack(is_shown) => {
            event.prevent_default();
            event.stop_propagation();
            close();
        }
        _ => {}
    };
    let on_input = move |event| {
        let text = event_target_value(&event);
        picked.typed.set(text.clone());
        picked.chosen.set(None);
        open.set(true);
        active.set(None);
        cancel();
        let ask = move || {
            search.try_set(text.trim().to_owned());
        };
        timer.set_value(set_timeout_with_handle(ask, PAUSE).ok());
    };
    let active_id = {
        let option_id = option_id.clone();
        move || active.get().filter(|_| is_shown()).map(&option_id)
    };
    let option = move |(at, entity): (usize, Entity)| {
        let (kind, name) = (entity.kind, entity.name.clone());
        view! {
            <li
                id=option_id(at)
                class="berth-palette__hit"
                class:berth-palette__hit-active=move || active.get() == Some(at)
                role="option"
                aria-selected=move || (active.get() == Some(at)).to_string()
                on:pointermove=move |_| active.set(Some(at))
                on:click=move |_| pick(entity.clone())
            >
                <span class="berth-entity">
                    <Icon icon=kind.icon()/>
                    <bdi class="berth-palette__name">{name}</bdi>
                </span>
                <span class="berth-muted">{move || kind.words(i18n)}</span>
            </li>
        }
    };
    let controls = list_id.clone();
    let said = move || {
        let text = picked.text();
        let asked = picked.found.with(|(asked, _)| *asked == text);
        if !open.get() || text.is_empty() || !asked {
            return String::new();
        }
        if let Some(Err(error)) = found.get() {
            return error_text(i18n, &error);
        }
        let count = picked.found.with(|(_, found)| found.len());
        t_string!(i18n, picker.found, count = count)
    };
    view! {
        <FormGroup id label required hint error>
            <span class="pf-v6-c-form-control" class:pf-m-error=move || error.get().is_some()>
                <input
                    id=id
                    type="text"
                    role="combobox"
                    autocomplete="off"
                    autocapitalize="none"
                    spellcheck="false"
                    autofocus=autofocus
                    required=required
                    node_ref=input
                    aria-autocomplete="list"
                    aria-controls=controls
                    aria-expanded=move || is_shown().to_string()
                    aria-activedescendant=active_id
                    aria-invalid=move || error.get().is_some().to_string()
                    aria-describedby=move || described_by(id, hint.get().is_some(), error.get().is_some())
                    prop:value=move || picked.typed.get()
                    on:input=on_input
                    on:keydown=on_key
                    on:click=move |_| open.set(true)
                    on:blur=move |_| close()
                />
            </span>
            <div
                class="pf-v6-c-menu berth-menu berth-picker"
                popover="manual"
                node_ref=panel
                // The field keeps the focus.
                on:mousedown=move |event| event.prevent_default()
            >
                <ul id=list_id class="berth-palette__hits" role="listbox" aria-label=move || label.get()>
                    {move || hits().into_iter().enumerate().map(option.clone()).collect_view()}
                </ul>
            </div>
            <span class="pf-v6-screen-reader" role="status">{said}</span>
        </FormGroup>
    }
}

/// A picker whose picks gather in a list, of which each can be taken out again.
#[component]
pub(crate) fn EntityList(
    /// Unique on the page.
    id: &'static str,
    /// Name of the field.
    #[prop(into)]
    label: Signal<String>,
    /// Said below it.
    #[prop(optional, into)]
    hint: MaybeProp<String>,
    /// What the button says that puts somebody into the list.
    #[prop(into)]
    action: Signal<String>,
    /// Where it looks.
    lookup: Lookup,
    /// Who is in the list.
    entities: RwSignal<Vec<Entity>>,
) -> impl IntoView {
    let i18n = use_i18n();
    let picked = Picked::new();
    let kinds = lookup.kinds;
    let add = move |entity: Entity| {
        entities.update(|entities| {
            if !entities.contains(&entity) {
                entities.push(entity);
            }
        });
        picked.begin_anew();
    };
    let add_typed = move || {
        if let Some(entity) = untrack(|| picked.entity(kinds)) {
            add(entity);
        }
    };
    view! {
        <div
            class="pf-v6-c-form berth-inline-form"
            // The form around it is not sent.
            on:keydown=move |event: KeyboardEvent| {
                let of_field = event
                    .target()
                    .and_then(|target| target.dyn_into::<web_sys::HtmlInputElement>().ok());
                if event.key() == "Enter" && of_field.is_some() && !event.default_prevented() {
                    event.prevent_default();
                    add_typed();
                }
            }
        >
            <EntityPicker id label hint lookup picked on_pick=Callback::new(add)/>
            <Button
                disabled=Signal::derive(move || picked.entity(kinds).is_none())
                on_click=Callback::new(move |_| add_typed())
            >
                {move || action.get()}
            </Button>
        </div>
        <ul class="berth-picks" role="list" aria-label=move || label.get()>
            {move || {
                entities
                    .get()
                    .into_iter()
                    .map(|entity| {
                        let (name, gone) = (entity.name.clone(), entity.clone());
                        view! {
                            <li class="berth-row">
                                <EntityName entity/>
                                <Button
                                    kind=ButtonKind::Plain
                                    icon=Some(lu::LuX)
                                    label=Signal::derive(move || t_string!(i18n, picker.take_out, name = name.clone()))
                                    on_click=Callback::new(move |_| {
                                        entities.update(|entities| entities.retain(|one| *one != gone));
                                    })
                                />
                            </li>
                        }
                    })
                    .collect_view()
            }}
        </ul>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: &[EntityKind] = &[EntityKind::User, EntityKind::Robot, EntityKind::Team];

    fn of(kind: EntityKind, name: &str) -> Entity {
        Entity::new(kind, name)
    }

    #[test]
    fn who_was_picked_is_meant_until_something_else_is_typed() {
        let team = of(EntityKind::Team, "dev");
        let chosen = meant("dev", Some(&team), "", &[], ALL);
        assert_eq!(chosen, Some(team.clone()));
        assert_eq!(meant("deva", Some(&team), "dev", &[], ALL), None);
    }

    #[test]
    fn a_name_that_one_alone_has_means_that_one() {
        let (team, user) = (of(EntityKind::Team, "dev"), of(EntityKind::User, "dev"));
        let found = [of(EntityKind::Team, "developers"), team.clone()];
        assert_eq!(meant("dev", None, "dev", &found, ALL), Some(team.clone()));
        assert_eq!(meant("dev", None, "dev", &[team, user], ALL), None);
        // Nobody is meant before the answer is there.
        assert_eq!(meant("dev", None, "de", &found, ALL), None);
    }

    #[test]
    fn who_was_not_found_is_meant_by_the_shape_of_the_name() {
        let by_shape = |text: &str, kinds| meant(text, None, text, &[], kinds);
        assert_eq!(by_shape("ann", ALL), Some(of(EntityKind::User, "ann")));
        assert_eq!(
            by_shape("acme+ci", ALL),
            Some(of(EntityKind::Robot, "acme+ci"))
        );
        let teams: &[EntityKind] = &[EntityKind::Team];
        assert_eq!(by_shape("dev", teams), Some(of(EntityKind::Team, "dev")));
        assert_eq!(by_shape("acme+ci", teams), None);
        for nobody in ["", "Ann", "a b", "ann@example.com"] {
            assert_eq!(by_shape(nobody, ALL), None, "{nobody}");
        }
    }
}
